package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page and Swagger UI fit screens of two widths, in light and dark. The pictures go to the folder that
// SCREENSHOTS names: make screenshots.
func TestScreenshots(t *testing.T) {
	for _, screen := range []struct {
		name          string
		width, height int64
		mobile        bool
	}{{"desktop", 1280, 900, false}, {"phone", 390, 844, true}} {
		for _, dark := range []bool{false, true} {
			name := screen.name + map[bool]string{false: "-light", true: "-dark"}[dark]
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := startWebapp(t, 4*time.Second) // one renewal is to be seen
				tab := newBrowser(t).tab(t)
				keep := func(page string) {
					picture := tab.screenshot(screen.width, screen.height, dark, screen.mobile)
					decoded, err := png.Decode(bytes.NewReader(picture))
					require.NoError(t, err)
					assert.Zero(t, decoded.Bounds().Dx()%int(screen.width), "a multiple for fine screens")
					assert.Equal(t, dark, brightness(decoded) < 0x8000, "%s in the colours that are preferred", page)
					overflow := eval[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
					assert.Zero(t, overflow, "%s is wider than the screen", page)
					if folder := os.Getenv("SCREENSHOTS"); folder != "" {
						require.NoError(t, os.MkdirAll(folder, 0o755))
						require.NoError(t, os.WriteFile(filepath.Join(folder, page+"-"+name+".png"), picture, 0o644))
					}
				}
				w.device(t, "test", "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0")
				logIn(t, tab, w)
				eval[any](t, tab, `document.querySelector("#note input").value = "Buy milk", 0`)
				click(t, tab, "#note .primary")
				awaits(t, tab, "#notes", "Buy milk")
				awaits(t, tab, "#fresh", "not fresh")
				awaits(t, tab, "#live", "socket says")
				keep("webapp")
				openSwagger(t, tab, w)
				keep("swagger")
			})
		}
	}
}

// brightness is that of most of a picture: of its edge, in the middle.
func brightness(picture image.Image) uint32 {
	_, green, _, _ := picture.At(2, picture.Bounds().Dy()/2).RGBA()
	return green
}
