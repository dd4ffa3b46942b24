// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	foundation "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Grafana's own types of a dashboard know every field that ours have, and miss none.
//
//nolint:staticcheck // The newer type is of a format that Grafana 10 and 11 don't read.
func TestDashboards_areGrafanas(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for _, d := range dashboards() {
		content, err := json.Marshal(d.model())
		require.NoError(t, err)
		// The strict way returns a list of complaints, which may be empty, and leaves queries out.
		if err := new(foundation.Dashboard).UnmarshalJSONStrict(content); err != nil {
			require.Empty(t, err.Error(), d.title)
		}
		var read foundation.Dashboard
		require.NoError(t, json.Unmarshal(content, &read), d.title)
		require.NoError(t, read.Validate(), d.title)
		assert.Equal(t, d.uid, *read.Uid)
		shown := 0
		for _, p := range read.Panels {
			if p.Panel != nil {
				shown += len(p.Panel.Targets)
			}
		}
		want := 0
		for _, r := range d.rows {
			for _, p := range r.panels {
				want += len(p.queries)
			}
		}
		assert.Equal(t, want, shown, "%s: each query is one of Grafana's", d.title)
	}
}
