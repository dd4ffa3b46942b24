// SPDX-License-Identifier: Apache-2.0

package control

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

func asked(rawQuery string) (Page, error) {
	r := httptest.NewRequest(http.MethodGet, "/v1/incidents", nil)
	r.URL.RawQuery = rawQuery
	return page(r, incidentStates, "workload", "state", "severity")
}

func TestPage(t *testing.T) {
	p, err := asked("")
	require.NoError(t, err)
	assert.Equal(t, Page{Limit: pageDefault}, p)
	p, err = asked("limit=7&after=a%2Fb&workload=shop/web&state=open&severity=fatal")
	require.NoError(t, err)
	assert.Equal(t, Page{Limit: 7, After: "a/b", Workload: "shop/web", State: "open", Severity: "fatal"}, p)
}

// Whatever is asked for is a page within bounds, or a problem of who asks.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{"", "limit=1000&after=x", "limit=-1", "limit=1e3", "state=open&state=closed", "%zz", "a;b", "workload=%ff", "severity=WARN"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rawQuery string) {
		p, err := asked(rawQuery)
		if err != nil {
			problem, ok := errors.AsType[*controlapi.Problem](err)
			require.True(t, ok)
			require.Equal(t, http.StatusBadRequest, problem.Status)
			return
		}
		require.LessOrEqual(t, p.Limit, pageMax)
		require.Positive(t, p.Limit)
		require.LessOrEqual(t, len(p.Workload), parameterBytesMax)
		_, err = url.ParseQuery(rawQuery)
		require.NoError(t, err)
	})
}
