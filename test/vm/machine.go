// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// machineTimeMax bounds a machine from start to end, on a host that is busy with other things.
	machineTimeMax  = 40 * time.Minute
	machineMemoryMB = 2048
	// machinesAtOnceMax bounds the memory that they take together.
	machinesAtOnceMax = 4
	machineProcessors = 2
)

// boot runs a machine to its end and reads what it prints. The console's output is kept in a file.
func boot(ctx context.Context, o options, m machine, k kernel, image string) result {
	r := result{machine: m, release: k.release, log: filepath.Join(o.cache, "logs", m.name()+".log")}
	ctx, cancel := context.WithTimeout(ctx, machineTimeMax)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(r.log), 0o755); err != nil {
		r.failure = fmt.Errorf("keep the log of %s: %w", m.name(), err)
		return r
	}
	log, err := os.Create(r.log)
	if err != nil {
		r.failure = fmt.Errorf("keep the log of %s: %w", m.name(), err)
		return r
	}
	defer log.Close()
	fmt.Printf("Running %s (%s)\n", m.name(), k.release)
	command := emulator(ctx, m, k, image, environment(o, m))
	command.Stderr = log
	// A kernel that is a program has processes of its own.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	console, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		r.failure = fmt.Errorf("start the emulator: %w", err)
		return r
	}
	r.read(io.TeeReader(console, log), time.Now)
	if err := command.Wait(); err != nil {
		r.failure = errors.Join(r.failure, fmt.Errorf("the emulator: %w", err))
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.failure = errors.Join(r.failure, fmt.Errorf("it did not end within %s", machineTimeMax))
	}
	return r
}

// environment is what /init gets: the kernel hands on what it does not know.
func environment(o options, m machine) string {
	all := []string{"VM_CGROUPS=" + m.hierarchy, "VM_SKIP=" + m.skipExpression()}
	if tests := m.selection(o); tests != "" {
		all = append(all, "VM_RUN="+tests)
	}
	return strings.Join(all, " ")
}

// selection of tests, as of go test; all if empty. A kernel without type information has nothing to say to any
// others than its own.
func (m machine) selection(o options) string {
	if m.userMode() {
		return m.tests
	}
	if o.all {
		return o.run
	}
	return cmp.Or(o.run, m.tests)
}

// emulator is QEMU's command, or the kernel itself if it is a program. Hardware support for virtual
// machines is not used, so that it runs anywhere, inside of virtual machines too.
func emulator(ctx context.Context, m machine, k kernel, image, environment string) *exec.Cmd {
	if m.userMode() {
		return exec.CommandContext(ctx, k.image, append([]string{
			fmt.Sprintf("mem=%dM", machineMemoryMB), "initrd=" + image, "con=null", "con0=fd:0,fd:1", "ssl=null",
			"uml_dir=" + filepath.Dir(k.image), "quiet",
		}, strings.Fields(environment)...)...)
	}
	program, console, board := "qemu-system-x86_64", "ttyS0", "q35"
	if m.architecture == "arm64" {
		program, console, board = "qemu-system-aarch64", "ttyAMA0", "virt"
	}
	return exec.CommandContext(ctx, program, "-machine", board,
		// Processors that are emulated side by side may miss it when the kernel changes its own code,
		// which it does for each tracepoint that is attached: a program does not run then, or the
		// machine goes down. So they take turns.
		"-accel", "tcg,thread=single", "-cpu", "max",
		"-m", fmt.Sprint(machineMemoryMB), "-smp", fmt.Sprint(machineProcessors),
		"-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio",
		"-kernel", k.image, "-initrd", image,
		// On a busy host a timer may seem to be dead at the start.
		"-append", fmt.Sprintf("console=%s panic=-1 no_timer_check quiet %s", console, environment))
}
