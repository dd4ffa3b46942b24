// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package tracer

import (
	"errors"
	"io"
)

// openDisabled is for Linux only.
func openDisabled(string) (io.Closer, error) { return nil, errors.ErrUnsupported }
