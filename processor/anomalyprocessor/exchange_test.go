// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/scenariotest"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// in is a step as it happens in another cluster.
func in(cluster string, s step) step {
	for at := range s.Logs {
		s.Logs[at].Resource[names.K8sClusterName] = cluster
	}
	return s
}

// What was learned in staging guards production, under the name that it has there, from the first event on.
func TestExchange_stagingGuardsProduction(t *testing.T) {
	const staging, production = "staging/shop/deployment/web/app", "prod/shop/deployment/web/app"
	s := scenariotest.Read[scenario](t, "testdata/scenarios/web_shell.yaml")
	first := newPair(t, s.config(t))
	first.start(t)
	learn := in("staging", s.Steps[0])
	first.step(t, &learn)
	exported, ok := first.core.exportProfile(staging)
	require.True(t, ok)
	_, ok = first.core.exportProfile(production)
	assert.False(t, ok)
	assert.Equal(t, 1, first.core.profiles.Stats().Profiles, "asking for a profile makes none")
	first.shutdown(t)

	second := newPair(t, s.config(t))
	second.start(t)
	require.ErrorIs(t, second.core.importProfileFor("", exported), profile.ErrWorkload)
	require.ErrorIs(t, second.core.importProfileFor(production, exported[:50]), profile.ErrDamaged)
	require.ErrorIs(t, second.core.importProfile(exported[:50]), profile.ErrDamaged)
	assert.Zero(t, second.core.profiles.Stats().Profiles)
	require.NoError(t, second.core.importProfileFor(production, exported))
	second.now = first.now
	ordinary := s.Steps[0]
	ordinary.Repeat = 1
	second.step(t, &ordinary)
	assert.Empty(t, states(second.sinks[0]))
	second.step(t, &s.Steps[1])
	assert.Equal(t, []string{"opened"}, states(second.sinks[0]))
	second.shutdown(t)
}

// Importing for a workload that is learned already makes one of both.
func TestExchange_intoWhatIsThere(t *testing.T) {
	s := scenariotest.Read[scenario](t, "testdata/scenarios/web_shell.yaml")
	p := newPair(t, s.config(t))
	p.start(t)
	p.step(t, &s.Steps[0])
	known, ok := p.core.exportProfile("prod/shop/deployment/web/app")
	require.True(t, ok)
	fresh := in("staging", s.Steps[0])
	fresh.Repeat = 1
	p.step(t, &fresh)
	state := func() (state profile.State, events uint64) {
		p.core.profiles.Find("staging/shop/deployment/web/app", func(p *profile.Profile) { state, events = p.State(), p.Stats().Events })
		return state, events
	}
	before, few := state()
	assert.Equal(t, profile.Learning, before)
	require.NoError(t, p.core.importProfileFor("staging/shop/deployment/web/app", known))
	after, all := state()
	assert.Equal(t, profile.Watching, after)
	assert.Equal(t, few+3600, all)
	require.NoError(t, p.core.importProfile(known))
	p.core.profiles.Find("prod/shop/deployment/web/app", func(p *profile.Profile) { assert.Equal(t, uint64(7200), p.Stats().Events) })
	p.shutdown(t)
}
