// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"errors"
	"io"
	"net/url"

	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// failed notes an error, says it if it is news, and returns it for the reflector to try again.
func (f *follower) failed(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return err // we are asked to stop
	}
	reason := reasonOf(err)
	if reason == sourcestate.ReasonExpired {
		f.state.Noted(f.kind, reason) // usual after a pause: it lists again
		return err
	}
	if !f.state.Failed(f.kind, reason, err) {
		return err
	}
	f.logger.Warn("The API server does not tell of objects; what is known of them stays, and it is tried again",
		zap.String("kind", f.kind), zap.String("reason", string(reason)), zap.String("fix", fixOf(reason)),
		zap.String("error", sourcestate.Shorten(err)))
	return err
}

// watchDecoding is how client-go marks what it can't read of a watch.
const watchDecoding = "ClientWatchDecoding"

func (f *follower) well() {
	if f.state.Well(f.kind) {
		f.logger.Info("The API server tells of objects again", zap.String("kind", f.kind))
	}
}

func fixOf(reason sourcestate.Reason) string {
	switch reason {
	case sourcestate.ReasonForbidden:
		return "give the service account the rights of the ClusterRole for this scope (see the README): list and watch"
	case sourcestate.ReasonUnauthorized:
		return "the token is not accepted: see that token_file or the kubeconfig is of this cluster and has not expired"
	case sourcestate.ReasonUnreachable, sourcestate.ReasonTimeout:
		return "see that the API server runs, and that endpoint and certificate authority are right"
	case sourcestate.ReasonTooLarge:
		return "set a smaller page_size"
	default:
		return "none is needed if it passes"
	}
}

func reasonOf(err error) sourcestate.Reason {
	var status apierrors.APIStatus
	var request *url.Error
	switch {
	case errors.Is(err, errTooLarge):
		return sourcestate.ReasonTooLarge
	case apierrors.HasStatusCause(err, watchDecoding):
		return sourcestate.ReasonUnreadable
	case apierrors.IsForbidden(err):
		return sourcestate.ReasonForbidden
	case apierrors.IsUnauthorized(err):
		return sourcestate.ReasonUnauthorized
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return sourcestate.ReasonExpired
	case apierrors.IsTooManyRequests(err):
		return sourcestate.ReasonTooManyRequests
	case apierrors.IsNotFound(err):
		return sourcestate.ReasonNotFound
	case errors.Is(err, context.DeadlineExceeded), apierrors.IsTimeout(err), utilnet.IsTimeout(err):
		return sourcestate.ReasonTimeout
	case apierrors.IsServerTimeout(err), apierrors.IsServiceUnavailable(err), apierrors.IsInternalError(err):
		return sourcestate.ReasonServer
	case errors.As(err, &status) && status.Status().Code >= 500:
		return sourcestate.ReasonServer
	case utilnet.IsProbableEOF(err), errors.Is(err, io.ErrUnexpectedEOF):
		return sourcestate.ReasonCut
	case sourcestate.Unreachable(err):
		return sourcestate.ReasonUnreachable
	case errors.As(err, &status), errors.As(err, &request):
		return sourcestate.ReasonOther
	}
	// It is neither what an API server says nor what happens on the way, so it is in what came.
	return sourcestate.ReasonUnreadable
}
