// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	otelcomponent "go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// listMax is how many entries of a list are tried.
const listMax = 20_000

// trial finds out what a configuration accepts, by trying.
type trial struct{ config otelcomponent.Config }

// refusal is what the configuration says against a key, empty if nothing.
func (t trial) refusal(name string) string {
	err := confmap.Validate(t.config)
	if err == nil {
		return ""
	}
	said := regexp.MustCompile(`(?m)(?:^|[: ])` + regexp.QuoteMeta(name) + `(?:\[\d+\])?(: .*)$`)
	if match := said.FindStringSubmatch(err.Error()); match != nil {
		return strings.TrimPrefix(match[1], ": ")
	}
	return ""
}

// accepts tells whether a key may have a value.
func (t trial) accepts(k key, value reflect.Value) bool {
	before := reflect.New(k.kind).Elem()
	before.Set(k.value)
	defer func() { k.value.Set(before) }()
	k.value.Set(value)
	return t.refusal(k.name) == ""
}

// rangeOf says what a key may have, empty if that is anything of its type.
func (t trial) rangeOf(k key) string {
	if k.absent || !k.value.CanSet() {
		return ""
	}
	switch k.kind.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return t.numbers(k)
	case reflect.String:
		return t.words(k)
	case reflect.Slice:
		return t.entries(k)
	default:
		return ""
	}
}

// number makes a value of the type of a key.
func number(k key, n int64) reflect.Value {
	value := reflect.New(k.kind).Elem()
	if value.CanInt() {
		value.SetInt(n)
	} else {
		value.SetUint(uint64(n))
	}
	return value
}

// candidates are numbers among which every range has some that are inside of it, in order.
func candidates(k key) []int64 {
	highest := int64(math.MaxInt64)
	if k.kind.Kind() == reflect.Uint32 {
		highest = math.MaxUint32
	}
	all := []int64{0, highest}
	for n := int64(1); n > 0 && n <= highest/10; n *= 10 {
		all = append(all, n)
	}
	for n := int64(1); n > 0 && n <= highest/2; n *= 2 {
		all = append(all, n)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// numbers finds the least and the greatest number. Those between are taken to be accepted, or powers of two.
func (t trial) numbers(k key) string {
	fits := func(n int64) bool { return t.accepts(k, number(k, n)) }
	all := candidates(k)
	zero := fits(0) && !fits(1)
	if zero {
		all = all[1:]
	}
	first := slices.IndexFunc(all, fits)
	if first < 0 {
		return ""
	}
	last := len(all) - 1
	for !fits(all[last]) {
		last--
	}
	powers := all[first] > 1 && !fits(all[first]+1) && first != last
	least, most := all[first], all[last]
	if first > 0 && !powers {
		least = edge(all[first-1], least, fits)
	}
	if last < len(all)-1 && !powers {
		most = edge(all[last+1], most, fits)
	}
	said := show(k, least) + " to " + show(k, most)
	switch {
	case last == len(all)-1 && least == 0 && first == 0:
		return ""
	case last == len(all)-1:
		said = show(k, least) + " and more"
	case powers:
		said += ", a power of two"
	}
	if zero {
		said = "0, or " + said
	}
	return said
}

// edge is the last number that fits, between one that does not and one that does.
func edge(no, yes int64, fits func(int64) bool) int64 {
	for {
		middle := no + (yes-no)/2
		if middle == no || middle == yes {
			return yes
		}
		if fits(middle) {
			yes = middle
		} else {
			no = middle
		}
	}
}

func show(k key, n int64) string {
	if k.kind == reflect.TypeFor[time.Duration]() {
		return shortDuration(time.Duration(n))
	}
	return grouped(n)
}

// grouped writes a number as the other pages do.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

var zeroUnits = regexp.MustCompile(`([hm])0[ms](?:0s)?$`)

// shortDuration leaves out what is zero.
func shortDuration(d time.Duration) string { return zeroUnits.ReplaceAllString(d.String(), "$1") }

var (
	wordsList  = regexp.MustCompile(`is none of (.+)$`)
	wordsTwo   = regexp.MustCompile(`is neither "(\w+)" nor "(\w+)"`)
	wordsQuote = regexp.MustCompile(`[^\w, -]`)
)

// words asks for what is listed when a word is refused.
func (t trial) words(k key) string {
	before := k.value.String()
	defer k.value.SetString(before)
	k.value.SetString("no such word")
	said := t.refusal(k.name)
	if match := wordsTwo.FindStringSubmatch(said); match != nil {
		return "`" + match[1] + "` or `" + match[2] + "`"
	}
	if match := wordsList.FindStringSubmatch(said); match != nil {
		list := strings.Split(wordsQuote.ReplaceAllString(strings.NewReplacer(" or ", ", ", " and ", ", ").Replace(match[1]), ""), ", ")
		return "`" + strings.Join(list, "`, `") + "`"
	}
	return ""
}

// entries finds out how many entries a list may have.
func (t trial) entries(k key) string {
	for _, form := range []string{"entry%d", "/entry%d", "/entry%d/*", "10.0.%[2]d.%[3]d/32"} {
		fits := func(count int64) bool {
			list := reflect.MakeSlice(k.kind, int(count), int(count))
			for at := range int(count) {
				entry := list.Index(at)
				switch entry.Kind() {
				case reflect.String:
					entry.SetString(strings.Split(fmt.Sprintf(form, at, at/256, at%256), "%!")[0])
				case reflect.Uint16, reflect.Uint32:
					entry.SetUint(uint64(at + 1))
				default:
					return false
				}
			}
			return t.accepts(k, list)
		}
		if !fits(1) {
			continue
		}
		if fits(listMax) {
			return ""
		}
		return "up to " + grouped(edge(listMax, 1, fits)) + " entries"
	}
	return ""
}
