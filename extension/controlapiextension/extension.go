// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// server is the extension.
type server struct {
	config    *Config
	set       component.TelemetrySettings
	logger    *zap.Logger
	telemetry *telemetry
	mounts    mounts
	guard     *guard
	inFlight  atomic.Int64
	// unmountWait is unmountWaitMax, but in tests.
	unmountWait time.Duration

	// peers and callers are there from the start on.
	peers   peers
	callers *callers

	mu      sync.Mutex
	started bool
	stopped bool
	http    *http.Server
	address net.Addr
	serving sync.WaitGroup
}

var (
	_ extension.Extension             = (*server)(nil)
	_ extensioncapabilities.Dependent = (*server)(nil)
	_ controlapi.Server               = (*server)(nil)
)

func newServer(config *Config, set extension.Settings) (*server, error) {
	counts, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	s := &server{
		config: config, set: set.TelemetrySettings, logger: set.Logger, telemetry: counts, guard: newGuard(config), unmountWait: unmountWaitMax,
	}
	s.mounts.serve = s.serve
	own, err := newMounted(serverItself, s.ownMount())
	if err != nil {
		return nil, err
	}
	return s, s.mounts.add(own)
}

// Dependencies implements extensioncapabilities.Dependent: who is asked about callers has to be there before.
func (s *server) Dependencies() []component.ID {
	var all []component.ID
	if auth := s.config.HTTP.Auth.Get(); auth != nil {
		all = append(all, auth.Config.AuthenticatorID)
	}
	for _, middleware := range s.config.HTTP.Middlewares {
		all = append(all, middleware.ID)
	}
	return all
}

// Mount implements controlapi.Server.
func (s *server) Mount(owner component.ID, m controlapi.Mount) (unmount func(), err error) {
	added, err := newMounted(ownerName(owner), m)
	if err == nil {
		err = s.mounts.add(added)
	}
	if err != nil {
		return nil, fmt.Errorf("mount on the control API: %w", err)
	}
	return sync.OnceFunc(func() {
		s.mounts.remove(added)
		if !added.close(s.unmountWait) {
			add(s.telemetry.unmountsLate)
			s.logger.Warn("A component goes while requests to it are still being answered", zap.Stringer("component", owner))
		}
	}), nil
}

// Start implements component.Component.
func (s *server) Start(ctx context.Context, host component.Host) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return errors.New("the control API was shut down and can't be started again")
	case s.started:
		return nil
	}
	if err := s.identifyBy(ctx, host); err != nil {
		return fmt.Errorf("start the control API: %w", err)
	}
	if err := s.open(ctx, host); err != nil {
		return fmt.Errorf("start the control API: %w", err)
	}
	s.started = true
	return nil
}

// identifyBy makes ready what callers are recognised by.
func (s *server) identifyBy(ctx context.Context, host component.Host) error {
	var err error
	if s.peers, err = newPeers(s.config.OperatorGroup); err != nil {
		return err
	}
	s.callers = &callers{
		certificates: s.config.ClientCertificates, roles: s.config.AuthRoles,
		attempts: newAttempts(time.Now), telemetry: s.telemetry, logger: s.logger,
	}
	if s.callers.tokens, err = loadTokens(s.config.Tokens); err != nil {
		return err
	}
	if s.config.byGeneratedToken() {
		known, err := s.generatedToken()
		if err != nil {
			return err
		}
		s.callers.tokens = append(s.callers.tokens, known)
	}
	if auth := s.config.HTTP.Auth.Get(); auth != nil {
		if s.callers.extension, err = auth.Config.GetServerAuthenticator(ctx, host.GetExtensions()); err != nil {
			return fmt.Errorf("auth: %w", err)
		}
	}
	return nil
}

// generatedToken tells people about the token that is theirs. Only the first time it says which it is.
func (s *server) generatedToken() (knownToken, error) {
	name := s.config.GeneratedTokenFile
	token, isNew, err := generatedToken(name)
	if err != nil {
		return knownToken{}, fmt.Errorf("use the generated token: %w", err)
	}
	if isNew {
		s.logger.Info("A token for operators of the control API was made; it is not shown again",
			zap.String("token", token), zap.String("file", name))
	} else {
		s.logger.Info("The token for operators of the control API stands in a file", zap.String("file", name))
	}
	return newKnownToken(generatedTokenName, controlapi.RoleOperator, token), nil
}

// open listens and answers.
func (s *server) open(ctx context.Context, host component.Host) error {
	encryption, err := s.encryption(ctx)
	if err != nil {
		return err
	}
	if s.http, err = s.newHTTPServer(ctx, host); err != nil {
		return err
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	bounded := &boundedListener{
		Listener: listener, encrypted: encryption != nil, max: int64(s.config.MaxConnections), peers: s.peers, telemetry: s.telemetry,
	}
	s.http.ConnState = bounded.watch
	var outer net.Listener = bounded
	if encryption != nil {
		outer = tls.NewListener(bounded, encryption)
	}
	s.address = listener.Addr()
	s.logger.Info("The control API listens", zap.Stringer("address", s.address))
	s.serving.Go(func() {
		if err := s.http.Serve(outer); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(fmt.Errorf("the control API has stopped: %w", err)))
		}
	})
	return nil
}

func (s *server) newHTTPServer(ctx context.Context, host component.Host) (*http.Server, error) {
	config := s.config.HTTP
	// Callers are identified here: there may be several ways, and none tells whoever is refused by the guard.
	config.Auth = configoptional.None[confighttp.AuthConfig]()
	config.CompressionAlgorithms = []string{}
	h, err := config.ToServer(ctx, host.GetExtensions(), s.set, s)
	if err != nil {
		return nil, err
	}
	h.MaxHeaderBytes = s.config.MaxHeaderBytes + headerBytesSlack
	h.IdleTimeout = s.config.idleTimeout()
	h.ConnContext = withConnection
	h.DisableGeneralOptionsHandler = true
	h.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streamsPerConnectionMax}
	// What clients do wrong before there is a request is counted; anybody could fill the log with it.
	if h.ErrorLog, err = zap.NewStdLogAt(s.logger, zap.DebugLevel); err != nil {
		return nil, err
	}
	return h, nil
}

// Shutdown implements component.Component.
func (s *server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	s.mounts.stop()
	if !s.started {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, shutdownWaitMax)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		s.logger.Warn("The control API ends while requests are still being answered")
		err = s.http.Close()
	}
	s.serving.Wait()
	return err
}
