// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// Source fills an inventory between Start and Shutdown. It is started once.
type Source struct {
	settings  Settings
	into      *inventory.Inventory
	converter *apiobject.Converter
	logger    *zap.Logger
	state     *sourcestate.Recorder

	cancel  context.CancelFunc
	running sync.WaitGroup
	client  *client
}

// New returns a source that has done nothing yet. The settings must be valid, see Settings.Validate.
func New(settings Settings, into *inventory.Inventory, converter *apiobject.Converter, logger *zap.Logger) *Source {
	return &Source{
		settings: settings, into: into, converter: converter, logger: logger, state: sourcestate.New(inventory.KindPod),
	}
}

// State returns how it stands. A kubelet can't be watched: it is "watching" while its answers are good.
func (s *Source) State() []sourcestate.Kind { return s.state.Snapshot() }

// Start reads the credentials and begins. It does not wait for the kubelet, and fails only if the credentials can't
// be read.
func (s *Source) Start(context.Context) error {
	client, err := newClient(&s.settings)
	if err != nil {
		return fmt.Errorf("start to read from the kubelet: %w", err)
	}
	s.client = client
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.running.Go(func() { s.run(ctx) })
	return nil
}

// Shutdown ends everything that Start began. It may be called without Start, and twice. It does not wait for long:
// a request ends with its context.
func (s *Source) Shutdown(context.Context) error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	s.running.Wait()
	s.client.http.CloseIdleConnections()
	return nil
}

func (s *Source) run(ctx context.Context) {
	for {
		s.poll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(jittered(s.settings.Interval)):
		}
	}
}

// jittered keeps agents apart that were started at once.
func jittered(interval time.Duration) time.Duration {
	return interval + time.Duration((rand.Float64()-0.5)*float64(interval)/5) //nolint:gosec // nobody gains by guessing it
}

func (s *Source) poll(ctx context.Context) {
	s.state.Requested(inventory.KindPod, true)
	list, err := s.client.pods(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.failed(err)
		return
	}
	pods := make([]*inventory.Pod, 0, len(list.Items))
	for index := range list.Items {
		pod, err := s.converter.Pod(&list.Items[index])
		if err != nil {
			s.state.Unusable(inventory.KindPod)
			continue
		}
		pods = append(pods, pod)
	}
	refused := s.into.Stats().Refused[inventory.KindPod]
	now := time.Now()
	s.into.ReplacePods(pods, now)
	s.state.Listed(inventory.KindPod, s.into.Stats().Refused[inventory.KindPod] == refused, now)
	if s.state.Well(inventory.KindPod) {
		s.logger.Info("The kubelet tells of its pods again")
	}
	if !s.into.Completed() && s.state.AllComplete() {
		s.into.SetCompleted(true)
	}
}

func (s *Source) failed(err error) {
	reason := reasonOf(err)
	if !s.state.Failed(inventory.KindPod, reason, err) {
		return
	}
	s.logger.Warn("The kubelet does not tell of its pods; what is known of them stays, and it is tried again",
		zap.String("endpoint", s.settings.Endpoint), zap.String("reason", string(reason)),
		zap.String("fix", fixOf(reason)), zap.String("error", sourcestate.Shorten(err)))
}

func fixOf(reason sourcestate.Reason) string {
	switch reason {
	case sourcestate.ReasonForbidden:
		return "give the service account the right to get nodes/pods, or nodes/proxy before Kubernetes 1.33 (see the README)"
	case sourcestate.ReasonUnauthorized:
		return "see that token_file is of this cluster, and that the kubelet accepts tokens (authentication.webhook)"
	case sourcestate.ReasonUnreachable, sourcestate.ReasonTimeout:
		return "see that endpoint is the node's address, and that ca_file signs the kubelet's certificate"
	case sourcestate.ReasonTooLarge:
		return "set a larger answer_bytes_max"
	default:
		return "none is needed if it passes"
	}
}
