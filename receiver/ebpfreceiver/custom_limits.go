// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"crypto/ed25519"
	"fmt"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/custom"
)

// limits are what tracers of others may ask for.
func (c *CustomTracersConfig) limits() (custom.Limits, error) {
	limits := custom.DefaultLimits()
	limits.ObjectBytes, limits.Programs, limits.MapBytes = c.ObjectBytesMax, c.ProgramsMax, c.MapBytesMax
	if len(c.AllowedPrograms) > 0 {
		limits.Attach = c.AllowedPrograms
	}
	if err := limits.Validate(); err != nil {
		return limits, fmt.Errorf("allowed_programs: %w", err)
	}
	return limits, nil
}

func (c *CustomTracersConfig) checkPrograms() error {
	_, err := c.limits()
	return err
}

// keys are those of which one has to have signed an upload.
func (c *CustomUploadsConfig) keys() ([]ed25519.PublicKey, error) {
	if len(c.PublicKeys) > customKeysMax {
		return nil, fmt.Errorf("public_keys: %d are more than %d", len(c.PublicKeys), customKeysMax)
	}
	var keys []ed25519.PublicKey
	for i, text := range c.PublicKeys {
		key, err := custom.ParsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("public_keys[%d]: %w", i, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (c *CustomUploadsConfig) checkKeys() error {
	_, err := c.keys()
	return err
}
