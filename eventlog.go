package authjwt

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
)

// maxLogged is how many octets of what a client typed go into a log.
const maxLogged = 256

// LogValue implements slog.LogValuer: a group of what is set. It holds no token; of an error, its text.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(append([]slog.Attr{slog.String("kind", string(e.Kind))}, e.attributes()...)...)
}

func (e *Event) attributes() (all []slog.Attr) {
	for _, a := range [...]struct{ name, value string }{
		{"code", e.Code}, {"subject", e.Subject}, {"session", e.SessionID}, {"token", e.TokenID},
		{"location", string(e.Location)}, {"client", e.ClientAddress}, {"route", e.Route},
	} {
		if a.value != "" {
			all = append(all, slog.String(a.name, strings.ToValidUTF8(a.value[:min(len(a.value), maxLogged)], "")))
		}
	}
	var refusal *Error
	switch {
	case e.Err == nil:
	case !errors.As(e.Err, &refusal):
		all = append(all, slog.String("error", e.Err.Error()))
	case refusal.Status < http.StatusInternalServerError: // the cause is the client's, and may quote what it sent
		all = append(all, slog.String("error", refusal.Error()))
	default:
		all = append(all, slog.String("error", refusal.Error()))
		if refusal.cause != nil {
			all = append(all, slog.String("cause", refusal.cause.Error()))
		}
	}
	return all
}

// level is how much an event matters to who runs the service.
func (e *Event) level() slog.Level {
	var refusal *Error
	switch e.Kind {
	case EventStoreDown, EventStoreLost:
		return slog.LevelError
	case EventReused:
		return slog.LevelWarn
	case EventRefused:
		switch errors.As(e.Err, &refusal); {
		case refusal == nil || refusal.Status < http.StatusInternalServerError:
			return slog.LevelDebug
		case refusal.Status == http.StatusServiceUnavailable: // something is out of reach: the Store, a key set, a signer
			return slog.LevelWarn
		}
		return slog.LevelError // a mistake of the application's
	case EventCSRF, EventRefreshed, EventRenewed:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// logs tells whether the Logger wants to hear of e.
func (m *Manager) logs(ctx context.Context, e *Event) (wanted bool) {
	defer func() { _ = recover() }()
	return m.settings.Logger != nil && m.settings.Logger.Enabled(ctx, e.level())
}

func (m *Manager) log(ctx context.Context, e *Event) {
	defer func() { _ = recover() }()
	m.settings.Logger.LogAttrs(ctx, e.level(), "authjwt: "+string(e.Kind), e.attributes()...)
}
