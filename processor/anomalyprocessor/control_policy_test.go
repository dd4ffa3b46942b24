// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
)

// problemOf returns the code of a problem.
func problemOf(t *testing.T, err error) string {
	t.Helper()
	var problem *controlapi.Problem
	require.ErrorAs(t, err, &problem)
	return problem.Code
}

// A policy comes with what kind of document it is, and is refused with the reason while too little is known.
func TestControl_policy(t *testing.T) {
	w := newWorld(t, quick())
	w.happens(deployment("web"), ordinaryTimes()...)
	k := &controller{core: w.core}
	id := k.Profiles(control.Page{Limit: 1}).Profiles[0].ID
	_, _, err := k.Policy(id, policySeccomp, false)
	assert.Equal(t, "policy_refused", problemOf(t, err))
	document, contentType, err := k.Policy(id, policySeccomp, true)
	require.NoError(t, err)
	assert.Equal(t, "application/json", contentType)
	assert.Contains(t, string(document), "SCMP_ACT_ERRNO")
	document, contentType, err = k.Policy(id, policyCapabilities, true)
	require.NoError(t, err)
	assert.Equal(t, "application/yaml", contentType)
	assert.Contains(t, string(document), "drop:")
	_, _, err = k.Policy(id, "firewall", true)
	assert.Equal(t, "not_found", problemOf(t, err))
	_, _, err = k.Policy("nothing", policySeccomp, true)
	assert.Equal(t, "not_found", problemOf(t, err))
	w.ends()
}
