// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
)

// Defaults of Limits.
const (
	defaultObjectBytesMax   = 2 << 20
	defaultProgramsMax      = 32
	defaultMapsMax          = 64
	defaultMapBytesMax      = 32 << 20
	defaultInstructionsMax  = 64 << 10
	licenceBytesMax         = 127 // of what the kernel keeps
	sectionsMax             = 512
	nameBytesMax            = 512     // of sections and symbols
	typeStringBytesMax      = 8 << 10 // of names and source lines in the type information
	iteratorOutputBytesMax  = 1 << 20 // of one run of an iterator
	verifierLogBytesMax     = 256 << 10
	verifierSummaryLinesMax = 4
	usdtBinaryBytesMax      = 1 << 30 // of an executable that is searched for probes
	usdtNoteBytesMax        = 8 << 20
	usdtSitesMax            = 256 // of one probe in a binary
	probesMax               = 64  // of a binary, told if the one that is wanted is missing
)

// iteratorPauseMin is how long an iterator rests at least, however long it takes.
const iteratorPauseMin = 50 * time.Millisecond

// Limits are what objects may ask for.
type Limits struct {
	// ObjectBytes bounds the file.
	ObjectBytes int
	Programs    int
	Maps        int
	// MapBytes bounds the memory of all maps, ring buffers and sections with data, on all processors.
	MapBytes uint64
	// Instructions bounds those of all programs together, and what each calls counts for each.
	Instructions int
	// Attach names the kinds of programs that are allowed, see Kinds.
	Attach []string
	// Processors is how many there may be, which maps per processor are multiplied by; 0 asks the system.
	Processors int
}

// DefaultLimits allow what only observes.
func DefaultLimits() Limits {
	return Limits{
		ObjectBytes:  defaultObjectBytesMax,
		Programs:     defaultProgramsMax,
		Maps:         defaultMapsMax,
		MapBytes:     defaultMapBytesMax,
		Instructions: defaultInstructionsMax,
		Attach: slices.DeleteFunc(Kinds(), func(name string) bool {
			return kindNamed(name).risk != ""
		}),
	}
}

// Validate is for limits that come from a configuration.
func (l Limits) Validate() error {
	for _, name := range l.Attach {
		if kindNamed(name) == nil {
			return fmt.Errorf("%q is no kind of program that can be attached; there are %s", name, strings.Join(Kinds(), ", "))
		}
	}
	return nil
}

func (l Limits) processors() (uint64, error) {
	if l.Processors > 0 {
		return uint64(l.Processors), nil
	}
	n, err := ebpf.PossibleCPU()
	if err != nil {
		return 0, fmt.Errorf("find out how many processors there may be: %w", err)
	}
	return uint64(n), nil
}
