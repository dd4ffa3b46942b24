// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
)

// Policy implements control.Detection.
func (k *controller) Policy(id, kind string, force bool) ([]byte, string, error) {
	document, contentType, err := k.core.policy(k.workloadOf(id), kind, force)
	switch {
	case err == nil:
		return document, contentType, nil
	case errors.Is(err, errPolicyUnknown):
		return nil, "", control.NoProfile(id)
	case errors.Is(err, errPolicyKind):
		return nil, "", control.NoPolicy(err)
	}
	return nil, "", control.PolicyRefused(err)
}
