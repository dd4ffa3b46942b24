// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"
)

// machine is a kernel and what it runs on.
type machine struct {
	// series is the first part of the kernel's version, or "newest".
	series string
	// architecture is Debian's name of it, which is also Go's.
	architecture string
	// suite of Debian's archive that has the kernel.
	suite string
	// pattern is a regular expression for the packages with such a kernel.
	pattern string
	// hierarchy is how cgroups are mounted: cgroupUnified, cgroupHybrid or cgroupLegacy.
	hierarchy string
	// tests selects those that have something to say about this kernel, as of go test; all if empty.
	tests string
}

// How cgroups are mounted, as /init understands it.
const (
	// cgroupUnified is version 2 alone.
	cgroupUnified = "unified"
	// cgroupHybrid is version 1 for the controllers and version 2 for the rest.
	cgroupHybrid = "hybrid"
	// cgroupLegacy is version 1 alone.
	cgroupLegacy = "legacy"
)

// machines are those that are tested: the oldest kernel that is supported, those of Debian's and
// others' releases with long support, the newest there is, and one without type information.
func machines() []machine {
	return []machine{
		{series: "5.10", architecture: "amd64", suite: "bullseye", hierarchy: cgroupHybrid,
			pattern: `linux-image-5\.10\.0-\d+-cloud-amd64(-unsigned)?`},
		{series: "6.1", architecture: "amd64", suite: "bookworm", hierarchy: cgroupUnified,
			pattern: `linux-image-6\.1\.0-\d+-cloud-amd64(-unsigned)?`, tests: mainTests},
		{series: "6.1-with-cgroups-v1", architecture: "amd64", suite: "bookworm", hierarchy: cgroupLegacy,
			pattern: `linux-image-6\.1\.0-\d+-cloud-amd64(-unsigned)?`, tests: legacyTests},
		{series: "6.12", architecture: "amd64", suite: "trixie", hierarchy: cgroupUnified,
			pattern: `linux-image-6\.12\.\d+\+deb\d+-cloud-amd64(-unsigned)?`, tests: mainTests},
		{series: "newest", architecture: "amd64", suite: "sid", hierarchy: cgroupUnified,
			pattern: `linux-binary(-unsigned)?-\d+\.\d+\.\d+\+deb\d+-cloud-amd64`},
		{series: withoutBTF, architecture: "amd64", suite: "bullseye", hierarchy: cgroupUnified,
			pattern: userModePackage, tests: "^(TestHardPlace_noBTF|TestKernel)"},
		{series: "5.10", architecture: "arm64", suite: "bullseye", hierarchy: cgroupUnified,
			pattern: `linux-image-5\.10\.0-\d+-cloud-arm64(-unsigned)?`, tests: mainTests},
		{series: "6.12", architecture: "arm64", suite: "trixie", hierarchy: cgroupUnified,
			pattern: `linux-image-6\.12\.\d+\+deb\d+-cloud-arm64(-unsigned)?`, tests: mainTests},
	}
}

// All of Debian's kernels have type information except for those that run as a program of the host,
// which need no emulator either.
const (
	withoutBTF      = "5.10-without-BTF"
	userModePackage = "user-mode-linux"
)

// legacyTests are those that see whose events are, and what is said where sockets can't be observed.
const legacyTests = "^Test(HardPlace_noCgroup2|Process_(execIsWhatProcSays|exit)|Executable_deleted|File_everyOperation|TCP_connectionFromBothEnds" +
	"|Signal_acrossCgroups|OOM_victimOfAnother|Metrics_countWhatWasDone|Lifecycle_whatHappened|Crash_thread|Privilege_capabilities)"

// mainTests are those that see each hook at work, and system calls of 32-bit programs. They are enough for a kernel
// between two on which all tests are run.
const mainTests = "^Test(Kernel|HardPlace_no(BTF|Privileges)|Lifecycle_whatHappened|.*_of32BitProgram$" +
	"|Process_(execIsWhatProcSays|exit|execFails|execFromThread|scriptByShebang)|Executable_(onOverlay|deleted)" +
	"|File_(everyOperation|longPaths|readsOfChosenPaths)|TCP_(connectFails|repeatsAreCounted)|UDP_segmentation|DNS_longAnswer" +
	"|Socket_(internet|unusual)|IPC_(sharedMemory|messageQueueOfPOSIX)|Signal_acrossUsers|OOM_victimOfAnother" +
	"|Crash_(faults|thread)|TTY_onlyContainers|Privilege_(capabilities|restrictions|rootDirectory)" +
	"|Mount_(mountsAreWhatProcSays|newCalls)|Injection_(ptrace|ioUring|loaderFiles|modulesAndKernels)$)"

// What -smoke tries: whether all programs load and attach, and the receiver runs, on an old kernel and
// the newest, and what it says where it can't.
const (
	smokeMachines = "^(5.10|newest|" + withoutBTF + ")-amd64$"
	smokeTests    = "^Test(Kernel|HardPlace|Lifecycle_whatHappened)"
)

// userMode tells whether the kernel is a program.
func (m machine) userMode() bool { return m.pattern == userModePackage }

func (m machine) name() string { return m.series + "-" + m.architecture }

// testPackages are those whose tests need a kernel. What they need besides must be in the machine:
// they run in a folder that holds their testdata.
func testPackages() []string {
	return []string{
		"receiver/ebpfreceiver",
		"receiver/ebpfreceiver/internal/custom",
		"receiver/ebpfreceiver/internal/process",
		"receiver/ebpfreceiver/internal/ring",
		"receiver/ebpfreceiver/internal/tracer",
	}
}

// aboutUserSpace is a reason not to run a test.
const aboutUserSpace = "it is about what is done in user space, and takes long"

// skipped are tests that can't run in a machine, by the start of their name, each with the reason. A
// test that fails because of the kernel does not belong here.
func (m machine) skipped() map[string]string {
	all := map[string]string{
		"TestContainer_":            "there is no containerd in the machine",
		"TestContent_":              "files are to be read within a second of their execution, which nothing is when emulated",
		"TestDNS_resolversOfOthers": "there is no C library with its resolver in the machine",
		"TestProcess_forkStorm":     "what it forks takes minutes when emulated",
		"TestControl_othersMiss":    "the many switches take minutes when emulated; one of each is tried",
		"TestControl_manyClients":   "the many switches take minutes when emulated; one of each is tried",
		"TestControl_reloaded":      "the many switches take minutes when emulated; one of each is tried",
		"TestControl_everyRoute":    aboutUserSpace,
		"TestControl_stateThat":     aboutUserSpace,
		"TestControl_whatWas":       aboutUserSpace,
		"TestControl_badRequests":   aboutUserSpace,
		"TestCustom_budget":         aboutUserSpace,
		"TestCustom_outlives":       aboutUserSpace,
		"TestCustom_refused":        aboutUserSpace,
		"TestCustom_signatures":     aboutUserSpace,
		"TestSignature_ofOpenSSL":   "there is no OpenSSL in the machine",
		"TestHostile_everyByte":     "what it tries hundreds of thousands of times takes an hour when emulated",
		"TestLive_leavesNothing":    "its thousand rounds take minutes when emulated",
		"TestTelemetry_":            aboutUserSpace,
	}
	if m.architecture == "arm64" {
		all["TestAccounting_fullRing"] = "what fills the ring is so slow when emulated that the reader keeps up"
	}
	return all
}

// skipExpression matches what is skipped.
func (m machine) skipExpression() string {
	return "^(" + strings.Join(slices.Sorted(maps.Keys(m.skipped())), "|") + ")"
}

// chosen says in a word which tests are run.
func (m machine) chosen() string {
	switch m.tests {
	case "":
		return "all"
	case mainTests:
		return "main"
	}
	return "own"
}
