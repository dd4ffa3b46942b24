// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// givenByRuntimes are the capabilities that containerd, CRI-O and Docker give to a container that asks for none.
func givenByRuntimes() []string {
	return []string{
		"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE",
		"CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
	}
}

// CapabilityList returns what a workload needs: those that it uses, and of those that runtimes give the ones whose uses nobody watches, which are
// also returned by themselves.
func (f *Facts) CapabilityList() (needed, unwatched []string) {
	for _, name := range givenByRuntimes() {
		if !f.watches("privilege") || !slices.Contains(f.Capabilities, name) {
			unwatched = append(unwatched, name)
		}
	}
	needed = append(f.named(habit.Capability), unwatched...)
	slices.Sort(needed)
	return slices.Compact(needed), unwatched
}

func (f *Facts) watches(tracer string) bool { return f.Tracers.Has(habit.TracerOf(tracer)) }

// Capabilities returns the part of a container's specification that drops all capabilities but those that the workload needs, in YAML.
func Capabilities(f *Facts, force bool) ([]byte, error) {
	if err := f.ready(force); err != nil {
		return nil, err
	}
	needed, unwatched := f.CapabilityList()
	lines := append(f.basis("Capabilities"), "What nobody watched is not taken away. Put it into the specification of the container. Used: "+listOr(f.named(habit.Capability), "none")+".")
	if len(unwatched) > 0 {
		lines = append(lines,
			"Kept, since runtimes give them and nobody watches their uses: "+strings.Join(unwatched, ", ")+".",
			"The receiver watches them if tracers::privilege::capabilities names them; then name them in policy::capabilities of this processor too.")
	}
	out := []byte(comment(lines) + "securityContext:\n  capabilities:\n    drop:\n      - ALL\n")
	if len(needed) > 0 {
		out = append(out, "    add:\n"...)
	}
	for _, name := range needed {
		out = fmt.Appendf(out, "      - %s\n", strings.TrimPrefix(name, "CAP_"))
	}
	return out, nil
}

// comment makes comments in YAML of lines. What comes from events can't end one.
func comment(lines []string) string {
	var out strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&out, "# %s\n", strings.Map(printable, line))
	}
	return out.String()
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
		return ' '
	}
	return r
}
