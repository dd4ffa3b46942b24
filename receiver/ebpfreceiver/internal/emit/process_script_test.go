// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// scriptExec is an exec of a program in /srv/job with a command line, whose words have spaces between them.
func scriptExec(executable, commandLine string) *decode.ProcessExec {
	arguments := strings.ReplaceAll(commandLine, " ", "\x00") + "\x00"
	return &decode.ProcessExec{
		ProcessExecEvent: &processbpf.ProcessExecEvent{
			ArgumentsBytes: uint16(len(arguments)), ArgumentsTotalBytes: uint32(len(arguments)),
		},
		Executable: []byte(executable), WorkingDirectory: []byte("/srv/job"), Arguments: []byte(arguments),
	}
}

func TestScript_byArgument(t *testing.T) {
	p := &processEmitter{options: ProcessOptions{Interpreters: []string{
		"sh", "bash", "dash", "busybox", "toybox", "python*", "perl*", "ruby*", "node", "php*", "lua*", "ours",
	}}}
	for _, c := range []struct{ executable, commandLine, want string }{
		{"/bin/dash", "sh script", "/srv/job/script"},
		{"/bin/dash", "-sh script", "/srv/job/script"},
		{"/bin/dash", "sh ./script", "/srv/job/script"},
		{"/bin/dash", "sh ../other/script", "/srv/job/../other/script"}, // where that leads, links decide
		{"/bin/dash", "sh /a/script x y", "/a/script"},
		{"/bin/dash", "sh -e -u script", "/srv/job/script"},
		{"/bin/dash", "sh -eu script", "/srv/job/script"},
		{"/bin/dash", "sh +e script", "/srv/job/script"},
		{"/bin/dash", "sh -c code script", ""},
		{"/bin/dash", "sh -ec code script", ""},
		{"/bin/dash", "sh -s script", ""},
		{"/bin/dash", "sh - script", ""},
		{"/bin/dash", "sh -- script", "/srv/job/script"},
		{"/bin/dash", "sh", ""},
		{"/bin/bash", "bash -eo pipefail script", "/srv/job/script"},
		{"/bin/bash", "bash +O extglob script", "/srv/job/script"},
		{"/bin/bash", "bash --rcfile rc script", "/srv/job/script"},
		{"/bin/bash", "bash --rcfile=rc script", "/srv/job/script"},
		{"/bin/bash", "bash --norc --posix script", "/srv/job/script"},
		{"/bin/bash", "bash -lc code", ""},
		{"/bin/busybox", "busybox sh script", "/srv/job/script"},
		{"/bin/busybox", "/bin/busybox ash -e script", "/srv/job/script"},
		{"/bin/busybox", "sh script", "/srv/job/script"},
		{"/bin/busybox", "-ash", ""},
		{"/bin/busybox", "busybox", ""},
		{"/bin/busybox", "busybox cat file", ""},
		{"/bin/busybox", "cat file", ""},
		{"/usr/bin/python3.11", "python3 script.py -c x", "/srv/job/script.py"},
		{"/usr/bin/python3.11", "python3 -c code", ""},
		{"/usr/bin/python3.11", "python3 -Bc code", ""},
		{"/usr/bin/python3.11", "python3 -m module", ""},
		{"/usr/bin/python3.11", "python3 -W ignore -Xdev -u script.py", "/srv/job/script.py"},
		{"/usr/bin/python3.11", "python3 -", ""},
		{"/usr/bin/python3-config", "python3-config file", ""},
		{"/usr/bin/perl", "perl -w -Ilib -I more script.pl", "/srv/job/script.pl"},
		{"/usr/bin/perl", "perl -lane code file", ""},
		{"/usr/bin/perl", "perl -pi.bak -e code file", ""},
		{"/usr/bin/perl", "perl -i.eee -n script.pl", "/srv/job/script.pl"},
		{"/usr/bin/perl", "perl -0777ne code", ""},
		{"/usr/bin/perl", "perl -MData::Dumper script.pl", "/srv/job/script.pl"},
		{"/usr/bin/ruby3.1", "ruby -w -rjson -r set script.rb", "/srv/job/script.rb"},
		{"/usr/bin/ruby3.1", "ruby -e code", ""},
		{"/usr/bin/node", "node --require ./hook --max-old-space-size=9 app.js", "/srv/job/app.js"},
		{"/usr/bin/node", "node -r ./hook app.js", "/srv/job/app.js"},
		{"/usr/bin/node", "node --eval code", ""},
		{"/usr/bin/node", "node -pe code", ""},
		{"/usr/bin/php8.2", "php -d x=1 index.php", "/srv/job/index.php"},
		{"/usr/bin/php8.2", "php -f index.php", "/srv/job/index.php"},
		{"/usr/bin/php8.2", "php -findex.php", "/srv/job/index.php"},
		{"/usr/bin/php8.2", "php -r code", ""},
		{"/usr/bin/lua5.4", "lua -l lib -e x=1 script.lua", "/srv/job/script.lua"},
		{"/opt/ours", "ours --flag script", "/srv/job/script"},
		{"/opt/ours", "ours --eval=code script", ""},
		{"/opt/others", "others script", ""},
	} {
		script, source := p.scriptOf(scriptExec(c.executable, c.commandLine))
		assert.Equal(t, c.want, script, c.commandLine)
		assert.Equal(t, map[bool]string{true: scriptByArgument}[c.want != ""], source, c.commandLine)
	}
}

func TestScript_argumentsThatWereCut(t *testing.T) {
	p := &processEmitter{options: ProcessOptions{Interpreters: []string{"sh"}}}
	e := scriptExec("/bin/sh", "sh -e /a/script")
	for kept := range e.Arguments {
		cut := scriptExec("/bin/sh", "sh -e /a/script")
		cut.Arguments, cut.ArgumentsBytes = cut.Arguments[:kept], uint16(kept)
		script, _ := p.scriptOf(cut)
		assert.Empty(t, script, "%q has no whole name in it", cut.Arguments)
	}
	script, _ := p.scriptOf(e)
	assert.Equal(t, "/a/script", script)
}

// What can't be made absolute stays as it was given.
func TestScript_workingDirectoryIsNotKnown(t *testing.T) {
	p := &processEmitter{options: ProcessOptions{Interpreters: []string{"sh"}}}
	for _, flags := range []decode.PathFlags{decode.PathCut, decode.PathDeleted, decode.PathUnreachable} {
		e := scriptExec("/bin/sh", "sh script")
		e.WorkingDirectoryFlags = uint8(flags)
		script, _ := p.scriptOf(e)
		assert.Equal(t, "script", script)
	}
}
