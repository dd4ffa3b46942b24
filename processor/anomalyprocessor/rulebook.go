// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// errNothingReadable is why rules stay as they are.
var errNothingReadable = errors.New("there is no rule left")

// rulebook has the rules in use, reads them again when their folders change, and remembers what is said about single ones.
type rulebook struct {
	config *RulesConfig
	logger *zap.Logger
	// current is never nil. Who works with a set goes on with it when there is another one.
	current atomic.Pointer[ruleset]
	// reloads counts sets that took the place of another, kept those that would have lacked all rules of a folder.
	reloads, kept atomic.Uint64

	cancel context.CancelFunc
	done   chan struct{}

	// mu is held while rules are read or switched.
	mu      sync.Mutex
	sources []sigma.Source
	// seen is the fingerprint of what was read last, whether it is in use or not.
	seen uint64
	// hits and switched are by the keys of rules; switched is what was said over the control API.
	hits     map[string]*atomic.Uint64
	switched map[string]bool
}

func newRulebook(c *RulesConfig, logger *zap.Logger) *rulebook {
	b := &rulebook{config: c, logger: logger, hits: map[string]*atomic.Uint64{}, switched: map[string]bool{}}
	b.current.Store(newRuleset())
	return b
}

// start reads the rules, whatever there is of them, and begins to look at the folders from time to time. Only what changes is looked at: a file
// that is half written is read again when it is whole, and links that are swapped, as in a mounted ConfigMap, are followed each time.
func (b *rulebook) start(sources []sigma.Source) {
	b.mu.Lock()
	b.sources, b.seen = sources, sigma.Fingerprint(sources...)
	b.use(b.read())
	b.mu.Unlock()
	running, cancel := context.WithCancel(context.Background())
	b.cancel, b.done = cancel, make(chan struct{})
	go b.watch(running)
}

// stop may be called without start.
func (b *rulebook) stop() {
	if b.cancel == nil {
		return
	}
	b.cancel()
	<-b.done
	b.cancel = nil
}

func (b *rulebook) watch(ctx context.Context) {
	defer close(b.done)
	if b.config.ReloadInterval == 0 || len(b.config.Folders) == 0 {
		return
	}
	ticker := time.NewTicker(b.config.ReloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			b.look()
		}
	}
}

// look reads the rules again if something has changed. What is wrong is in the log.
func (b *rulebook) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if sigma.Fingerprint(b.sources...) != b.seen {
		_ = b.replace() // it has said so
	}
}

// reload reads the rules again. The error says why those that there were are in use still.
func (b *rulebook) reload() (before, after *ruleset, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before = b.current.Load()
	err = b.replace()
	return before, b.current.Load(), err
}

// replace takes what there is now into use, unless a source has no rule any more that had some: a folder that is gone for a moment, or of
// which nothing can be read, must not switch detection off.
func (b *rulebook) replace() error {
	// The number comes first: what changes while it is read is found the next time.
	b.seen = sigma.Fingerprint(b.sources...)
	next := b.read()
	if empty := emptied(b.current.Load(), next); len(empty) > 0 {
		b.kept.Add(1)
		err := fmt.Errorf("%w in %s; those that were read at %s stay in use", errNothingReadable, strings.Join(empty, ", "),
			formatTime(b.current.Load().loaded))
		b.logger.Warn("The rules are not replaced", zap.Error(err))
		return err
	}
	b.reloads.Add(1)
	b.use(next)
	return nil
}

func (b *rulebook) read() *ruleset {
	next := newRuleset(b.sources...)
	next.loaded = time.Now()
	return next
}

// emptied returns the sources that have lost all their rules.
func emptied(before, after *ruleset) []string {
	had := map[string]bool{}
	for number := range before.set.Len() {
		had[before.set.Rule(number).Source] = true
	}
	for number := range after.set.Len() {
		delete(had, after.set.Rule(number).Source)
	}
	var all []string
	for source := range had {
		all = append(all, source)
	}
	slices.Sort(all)
	return all
}

// use makes a set the current one. Counts of rules that it has go on, those of others are forgotten.
func (b *rulebook) use(next *ruleset) {
	hits := map[string]*atomic.Uint64{}
	for number := range next.set.Len() {
		rule := next.set.Rule(number)
		if known, ok := b.hits[rule.Key()]; ok {
			next.hits[number] = known
		}
		hits[rule.Key()] = next.hits[number]
		next.off[number].Store(!b.enabled(rule))
	}
	b.hits = hits
	next.filler.Inherit(b.current.Load().filler)
	b.current.Store(next)
	next.log(b.logger)
}

// enabled tells whether a rule is to be used.
func (b *rulebook) enabled(rule *sigma.Rule) bool {
	if enabled, ok := b.switched[rule.Key()]; ok {
		return enabled
	}
	return !slices.ContainsFunc(b.config.Disabled, func(name string) bool {
		return name == rule.Title || rule.ID != "" && strings.EqualFold(name, rule.ID)
	})
}

// errNoRule and errSwitchesMax are why a rule can't be switched.
var (
	errNoRule      = errors.New("there is no such rule")
	errSwitchesMax = errors.New("too many rules were switched; name some in the configuration")
)

// change switches a rule on or off, nil for what the configuration says. It holds for as long as the processor runs, also if the rule is gone for a
// while.
func (b *rulebook) change(id string, enabled *bool) (current *ruleset, before, after bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	current = b.current.Load()
	number := current.number(id)
	if number < 0 {
		return nil, false, false, errNoRule
	}
	rule := current.set.Rule(number)
	before = !current.off[number].Load()
	if enabled == nil {
		delete(b.switched, rule.Key())
	} else {
		if _, known := b.switched[rule.Key()]; !known && len(b.switched) >= switchedMax {
			return nil, false, false, errSwitchesMax
		}
		b.switched[rule.Key()] = *enabled
	}
	after = b.enabled(rule)
	current.off[number].Store(!after)
	return current, before, after, nil
}

// overridden tells what was said about a rule over the control API.
func (b *rulebook) overridden(rule *sigma.Rule) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.switched[rule.Key()]
	return ok
}

// number finds a rule by the id that it has in addresses, -1 if there is none.
func (r *ruleset) number(id string) int {
	for number := range r.set.Len() {
		if addressOf(r.set.Rule(number)) == id {
			return number
		}
	}
	return -1
}

// addressOf is what a rule is called in addresses: its id, or a hash of where it lies.
func addressOf(rule *sigma.Rule) string {
	if rule.ID != "" {
		return rule.ID
	}
	return addressOfText(rule.Key())
}

// addressOfText makes a short name of a text that may have slashes.
func addressOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
