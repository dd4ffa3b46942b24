// SPDX-License-Identifier: Apache-2.0

package control

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// values are what parameters of queries can be, for those that can't be anything.
var (
	profileStates  = []string{"learning", "watching", "drifting"}
	incidentStates = []string{"open", "closed"}
	severities     = []string{"warn", "error", "fatal"}
)

// query reads the parameters of a request. One that is not known is refused: whoever misspells a filter must not take everything for what it lets through.
func query(r *http.Request, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, controlapi.BadRequest("the query: " + err.Error())
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return nil, controlapi.BadRequest(fmt.Sprintf("the query has %q, which is none of %s", name, strings.Join(known, ", ")))
		}
		if len(all) > 1 {
			return nil, controlapi.BadRequest(fmt.Sprintf("the query has %q twice", name))
		}
		if len(all[0]) > parameterBytesMax || !utf8.ValidString(all[0]) {
			return nil, controlapi.BadRequest(fmt.Sprintf("%s: it is longer than %d bytes, or no UTF-8", name, parameterBytesMax))
		}
	}
	return values, nil
}

// page reads which part of a list is wanted. States are those that things of the list can have; filters are the parameters besides "limit" and "after".
func page(r *http.Request, states []string, filters ...string) (Page, error) {
	values, err := query(r, append([]string{"limit", "after"}, filters...)...)
	if err != nil {
		return Page{}, err
	}
	p := Page{
		Limit: pageDefault, After: values.Get("after"), Workload: values.Get("workload"), State: values.Get("state"), Severity: values.Get("severity"),
	}
	if text := values.Get("limit"); text != "" {
		if p.Limit, err = strconv.Atoi(text); err != nil || p.Limit < 1 || p.Limit > pageMax {
			return Page{}, controlapi.BadRequest(fmt.Sprintf("limit: %q is no number from 1 to %d", text, pageMax))
		}
	}
	for _, choice := range []struct {
		name, value string
		among       []string
	}{{"state", p.State, states}, {"severity", p.Severity, severities}} {
		if choice.value != "" && !slices.Contains(choice.among, choice.value) {
			return Page{}, controlapi.BadRequest(fmt.Sprintf("%s: %q is none of %s", choice.name, choice.value, strings.Join(choice.among, ", ")))
		}
	}
	return p, nil
}
