// SPDX-License-Identifier: Apache-2.0

package custom

// The objects that tests load are committed, as those of the tracers are.
//go:generate testdata/build.sh
