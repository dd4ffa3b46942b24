// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// writeScript puts a script into a folder of its own.
func writeScript(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
	return path
}

// programOf is the file behind a name, as the kernel would find it.
func programOf(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err)
	path, err = filepath.EvalSymlinks(path)
	require.NoError(t, err)
	return path
}

func TestProcess_scriptByShebang(t *testing.T) {
	l := startLive(t, only("process"))
	script := writeScript(t, "script", "#!/bin/sh -e\nexit 0\n")
	command := exec.Command(script, "argument")
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	assert.Equal(t, programOf(t, "sh"), r.str(names.ProcessExecutablePath), "the interpreter is what runs")
	assertIsFile(t, r, programOf(t, "sh"))
	assert.Equal(t, script, r.str(names.ProcessFilename))
	assert.Equal(t, []string{"/bin/sh", "-e", script, "argument"}, r.strs(names.ProcessCommandArgs))
	assert.Equal(t, script, r.str(names.ProcessScriptPath))
	assert.Equal(t, "shebang", r.str(names.ProcessScriptSource))
}

// A script whose interpreter is a script: the outer one is what was asked for.
func TestProcess_scriptOfAScript(t *testing.T) {
	l := startLive(t, only("process"))
	inner := writeScript(t, "inner", "#!/bin/sh\nexit 0\n")
	outer := writeScript(t, "outer", "#!"+inner+"\n")
	command := exec.Command("./outer")
	command.Dir = filepath.Dir(outer)
	require.NoError(t, command.Run())
	r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
	assert.Equal(t, programOf(t, "sh"), r.str(names.ProcessExecutablePath))
	assert.Equal(t, outer, r.str(names.ProcessScriptPath), "made absolute")
	assert.Equal(t, "./outer", r.str(names.ProcessFilename), "as it was given")
	assert.Equal(t, []string{"/bin/sh", inner, "./outer"}, r.strs(names.ProcessCommandArgs))
}

// env is what the kernel chooses, and env chooses the interpreter.
func TestProcess_scriptByWayOfEnv(t *testing.T) {
	l := startLive(t, only("process"))
	script := writeScript(t, "script", "#!/usr/bin/env sh\nexit 0\n")
	command := exec.Command(script)
	require.NoError(t, command.Run())
	l.one(names.EventProcessExit, byPID(command.Process.Pid))
	execs := l.find(names.EventProcessExec, byPID(command.Process.Pid))
	require.Len(t, execs, 2)
	for i, source := range []string{"shebang", "argument"} {
		assert.Equal(t, script, execs[i].str(names.ProcessScriptPath))
		assert.Equal(t, source, execs[i].str(names.ProcessScriptSource))
	}
	assert.Equal(t, programOf(t, "env"), execs[0].str(names.ProcessExecutablePath))
	assert.Equal(t, programOf(t, "sh"), execs[1].str(names.ProcessExecutablePath))
}

func TestProcess_scriptByArgument(t *testing.T) {
	script := writeScript(t, "script", "exit 0\n")
	l := startLive(t, only("process"))
	own := copyProgram(t, busybox, "interpreter-of-ours")
	for name, c := range map[string]struct {
		program   string
		arguments []string
		want      string
	}{
		"shell":                {"/bin/sh", []string{"sh", "-e", script, "more"}, script},
		"in working directory": {"/bin/sh", []string{"sh", "script"}, script},
		"code":                 {"/bin/sh", []string{"sh", "-c", "true", script}, ""},
		"applet":               {busybox, []string{"busybox", "sh", script}, script},
		"applet by name":       {busybox, []string{"sh", script}, script},
		"no shell":             {busybox, []string{"busybox", "cat", script}, ""},
		"unknown interpreter":  {own, []string{"sh", script}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command(c.program)
			command.Args, command.Dir = c.arguments, filepath.Dir(script)
			require.NoError(t, command.Run())
			r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
			assert.Equal(t, c.want, r.str(names.ProcessScriptPath))
			assert.Equal(t, c.want != "", r.str(names.ProcessScriptSource) == "argument")
			assert.Equal(t, programOf(t, c.program), r.str(names.ProcessExecutablePath))
		})
	}
}

func TestProcess_interpretersAreConfigured(t *testing.T) {
	script := writeScript(t, "script", "exit 0\n")
	own := copyProgram(t, busybox, "ownsh1.2")
	l := startLive(t, func(c *Config) {
		only("process")(c)
		c.Tracers.Process.Interpreters = []string{"ownsh*"}
	})
	for program, want := range map[string]string{own: script, "/bin/sh": ""} {
		command := exec.Command(program)
		command.Args = []string{"sh", script}
		require.NoError(t, command.Run())
		r := l.one(names.EventProcessExec, byPID(command.Process.Pid))
		assert.Equal(t, want, r.str(names.ProcessScriptPath))
	}
}

// A script of which only the descriptor is known has no better name than that.
func TestProcess_scriptByDescriptor(t *testing.T) {
	l := startLive(t, only("process"))
	script := writeScript(t, "script", "#!/bin/sh\nexit 0\n")
	command := inRole("exec_descriptor", script, "script")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	pid := command.Process.Pid
	l.one(names.EventProcessExit, byPID(pid))
	execs := l.find(names.EventProcessExec, byPID(pid))
	require.Len(t, execs, 2)
	assert.Regexp(t, `^/dev/fd/\d+$`, execs[1].str(names.ProcessScriptPath))
	assert.Equal(t, "shebang", execs[1].str(names.ProcessScriptSource))
	assert.Equal(t, programOf(t, "sh"), execs[1].str(names.ProcessExecutablePath))
}

func TestProcess_scriptWithoutInterpreter(t *testing.T) {
	l := startLive(t, only("process"))
	script := writeScript(t, "script", "#!/no/such/interpreter -x\n")
	require.Error(t, exec.Command(script).Run())
	r := l.one(names.EventProcessExecFailed, func(r record) bool { return r.str(names.ProcessFilename) == script })
	assert.Equal(t, "ENOENT", r.str(names.ErrorType), "the script itself is there")
	assert.EqualValues(t, os.Getpid(), r.num(names.ProcessParentPID))
	assert.Equal(t, fmt.Sprintf("%s could not execute %s: ENOENT", filepath.Base(os.Args[0]), script), r.Body().Str())
}

// execDescriptor is a role: it executes a file by its descriptor, with an empty path.
func execDescriptor(path string, arguments []string) error {
	descriptor, err := unix.Open(path, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	if os.Getenv("UNLINK") != "" {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return execveat(descriptor, "", arguments, unix.AT_EMPTY_PATH)
}
