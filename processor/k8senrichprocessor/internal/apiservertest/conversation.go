// SPDX-License-Identifier: Apache-2.0

package apiservertest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// exchange is a request and its answer.
type exchange struct {
	method, path string
	parameters   url.Values
	always       bool
	status       int
	header       http.Header
	// lines are sent in order; those that begin with "! " are done.
	lines  []string
	played bool
}

func (e *exchange) fits(request *http.Request) bool {
	if e.played || e.method != request.Method || e.path != request.URL.Path {
		return false
	}
	given := request.URL.Query()
	for name, values := range e.parameters {
		switch wanted := values[0]; {
		case wanted == "!" && given.Has(name),
			wanted != "!" && !given.Has(name),
			wanted != "!" && wanted != "*" && given.Get(name) != wanted:
			return false
		}
	}
	return true
}

var padding = regexp.MustCompile(`\$\{pad:(\d{1,8})\}`)

// parse reads a conversation.
func parse(text string) ([]*exchange, error) {
	var all []*exchange
	for number, line := range strings.Split(text, "\n") {
		kind, rest, _ := strings.Cut(line, " ")
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case kind == ">":
			var e *exchange
			e, err = parseRequest(rest)
			all = append(all, e)
		case len(all) == 0:
			err = fmt.Errorf("an answer without a request")
		case kind == "<":
			err = parseStatus(all[len(all)-1], rest)
		default:
			last := all[len(all)-1]
			last.lines = append(last.lines, padding.ReplaceAllStringFunc(line, pad))
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	return all, nil
}

func pad(reference string) string {
	length, _ := strconv.Atoi(padding.FindStringSubmatch(reference)[1])
	return strings.Repeat("x", length)
}

func parseRequest(text string) (*exchange, error) {
	text, always := strings.CutPrefix(text, "always ")
	method, target, ok := strings.Cut(text, " ")
	u, err := url.Parse(target)
	if !ok || err != nil {
		return nil, fmt.Errorf("%q is no method and path", text)
	}
	return &exchange{method: method, path: u.Path, parameters: u.Query(), always: always, status: http.StatusOK, header: http.Header{}}, nil
}

func parseStatus(e *exchange, text string) error {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return fmt.Errorf("no status")
	}
	var err error
	if e.status, err = strconv.Atoi(fields[0]); err != nil {
		return fmt.Errorf("%q is no status", fields[0])
	}
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		e.header.Set(name, value)
	}
	return nil
}
