package main

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gin-authjwt/authjwt"
)

// kinds are all that the package has.
var kinds = []authjwt.EventKind{
	authjwt.EventIssued, authjwt.EventLoginFailed, authjwt.EventRefreshed, authjwt.EventRenewed, authjwt.EventRefused, authjwt.EventCSRF, authjwt.EventReused,
	authjwt.EventRevoked, authjwt.EventStoreDown, authjwt.EventStoreRecovered, authjwt.EventStoreLost,
}

// metrics count the events of one Manager. A label is a kind, a code or the pattern of a route, of which a program has a
// few; a subject or a client address would make a series of each, for anybody to make millions: those are for the log.
// It is safe for concurrent use.
type metrics struct {
	events, refusals *prometheus.CounterVec
	storeUp          prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authjwt_events_total", Help: "Events by kind.",
		}, []string{"kind"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authjwt_refusals_total", Help: "Refused requests, failed logins among them, by code and by the pattern of the route.",
		}, []string{"code", "route"}),
		storeUp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "authjwt_store_up", Help: "1 if the Store answered when it was last asked, else 0.",
		}),
	}
	r.MustRegister(m.events, m.refusals, m.storeUp)
	m.storeUp.Set(1)
	// A counter that begins at one has, for Prometheus, not increased: those that alerts wait for begin at zero.
	for _, kind := range kinds {
		m.events.WithLabelValues(string(kind))
	}
	return m
}

// expect makes the counters of internal errors begin at zero, too.
func (m *metrics) expect(routes gin.RoutesInfo) {
	m.refusals.WithLabelValues("internal_error", "") // of no route
	for _, route := range routes {
		m.refusals.WithLabelValues("internal_error", route.Path)
	}
}

// note is for Settings.OnEvent.
func (m *metrics) note(_ context.Context, e authjwt.Event) {
	m.events.WithLabelValues(string(e.Kind)).Inc()
	switch e.Kind {
	case authjwt.EventRefused, authjwt.EventCSRF, authjwt.EventLoginFailed:
		m.refusals.WithLabelValues(e.Code, e.Route).Inc()
	case authjwt.EventStoreDown: // not Set: of two requests at once, the one that saw the Store recover may tell first
		m.storeUp.Dec()
	case authjwt.EventStoreRecovered:
		m.storeUp.Inc()
	}
}
