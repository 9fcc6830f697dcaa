package authjwt_test

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Whatever happens in whatever order, the list is what has not ended.
func TestSessionList_Model(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		s := newListed(t, func(set *authjwt.Settings) { set.RefreshTokenExpires, set.SessionExpires = time.Hour, 2*time.Hour })
		live := map[string]tokens{} // by session
		for range 100 {
			var id string
			for id = range live {
				break
			}
			switch op := random.IntN(10); {
			case op < 4 || id == "":
				pair := s.login(t)
				live[s.sessionOf(t, pair)] = pair
			case op < 6:
				live[id] = s.refresh(t, live[id].Refresh)
			case op < 7:
				require.Equal(t, http.StatusOK, s.do("POST", "/logout", live[id].Refresh).Code)
				delete(live, id)
			case op < 8:
				require.NoError(t, s.auth.RevokeSession(t.Context(), id))
				delete(live, id)
			case op < 9 && random.IntN(4) == 0:
				require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
				clear(live)
				s.pass(time.Second)
			default:
				s.pass(time.Duration(random.IntN(30)) * time.Minute)
				for id, pair := range live {
					if s.do("GET", "/renewal", pair.Refresh).Code != http.StatusOK {
						delete(live, id)
					}
				}
			}
			got := map[string]bool{}
			for _, listed := range s.listed(t, "alice") {
				got[listed.ID] = true
			}
			require.Len(t, got, len(live))
			for id := range live {
				require.True(t, got[id])
			}
		}
	}
}
