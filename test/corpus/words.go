// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
)

// choices are what placeholders in tasks may become.
var choices = map[string][]string{
	"word":    {"alpha", "bravo", "delta", "echo", "hotel", "india", "kilo", "lima", "oscar", "tango"},
	"name":    {"anna", "bela", "carla", "dora", "emil", "franz", "greta", "hanna"},
	"month":   {"january", "february", "march", "april", "may", "june"},
	"project": {"alpha", "beta", "gamma"},
	"module":  {"alpha", "beta"},
	"package": {"alpha-tools", "beta-libs", "gamma-server", "delta-docs", "epsilon-fonts", "zeta-agent", "eta-perl", "theta-python"},
	"version": {"1.0", "1.1", "1.2", "2.0"},
	"folder":  {"/etc", "/var/log", "/root/notes", "/usr/share/doc", "/etc/ssl", "/var/lib", "/root/repo"},
	"file":    {"/etc/hosts", "/etc/os-release", "/root/notes/alpha.txt", "/root/notes/kilo.txt", "/etc/passwd", "/root/repo/readme.txt", "/etc/profile"},
	"digit":   {"0", "1", "2", "3"},
}

var placeholder = regexp.MustCompile(`\{([a-z]+)([0-9]?)\}`)

// fill replaces placeholders. The same one is the same within a text; with a digit behind its name it is another one.
func fill(r *rand.Rand, text string) string {
	chosen := map[string]string{}
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if value, ok := chosen[found]; ok {
			return value
		}
		kind := placeholder.FindStringSubmatch(found)[1]
		value := found
		switch kind {
		case "number":
			value = fmt.Sprint(100 + r.IntN(9000))
		case "small":
			value = fmt.Sprint(2 + r.IntN(40))
		case "hex":
			value = fmt.Sprintf("%08x", r.Uint32())
		default:
			if list := choices[kind]; list != nil {
				value = list[r.IntN(len(list))]
			}
		}
		chosen[found] = value
		return value
	})
}

// draw chooses what a session consists of: a workload does not do everything every day, and not in the same order.
func (w *workload) draw(r *rand.Rand, version, count int) []task {
	var possible []task
	total := 0.0
	for _, t := range w.Tasks {
		if len(t.Versions) == 0 || slices.Contains(t.Versions, version) {
			// A day has its favourites.
			t.Weight *= 0.3 + 1.4*r.Float64()
			total += t.Weight
			possible = append(possible, t)
		}
	}
	drawn := make([]task, 0, count)
	for range count {
		at, left := 0, r.Float64()*total
		for at < len(possible)-1 && left >= possible[at].Weight {
			left -= possible[at].Weight
			at++
		}
		t := possible[at]
		t.Run, t.Name = fill(r, t.Run), fill(r, t.Name)
		drawn = append(drawn, t)
	}
	return drawn
}
