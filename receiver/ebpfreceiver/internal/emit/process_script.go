// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// How it was found that an executable runs a script.
const (
	scriptByShebang  = "shebang"
	scriptByArgument = "argument"
)

// scriptOf returns the script that an exec runs and how it was found, empty if there is none. Nothing is
// looked up: the path is the one that was given, made absolute.
func (p *processEmitter) scriptOf(e *decode.ProcessExec) (script, source string) {
	if e.Interpreted() {
		return absolute(e, e.Filename), scriptByShebang
	}
	interpreter := path.Base(string(e.Executable))
	if !p.isInterpreter(interpreter) {
		return "", ""
	}
	interpreter, arguments := applet(interpreter, wholeArguments(e))
	if len(arguments) == 0 {
		return "", ""
	}
	found := syntaxOf(interpreter).script(arguments[1:])
	if len(found) == 0 {
		return "", ""
	}
	return absolute(e, found), scriptByArgument
}

// wholeArguments are those that were not cut.
func wholeArguments(e *decode.ProcessExec) [][]byte {
	arguments := bytes.Split(e.Arguments, []byte{0})
	// Behind the last terminator stands nothing, or what is left of an argument.
	return arguments[:len(arguments)-1]
}

// applet returns what a program that is many stands for, with its arguments: none if that is no shell.
func applet(interpreter string, arguments [][]byte) (string, [][]byte) {
	if !isMultiCall(interpreter) || len(arguments) == 0 {
		return interpreter, arguments
	}
	if isMultiCall(path.Base(string(arguments[0]))) {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 {
		return interpreter, nil
	}
	name := strings.TrimPrefix(path.Base(string(arguments[0])), "-")
	if !isShell(name) {
		return interpreter, nil
	}
	return name, arguments
}

// absolute puts a path behind the working directory, unless it stands for itself or that is not known.
func absolute(e *decode.ProcessExec, given []byte) string {
	if bytes.HasPrefix(given, []byte("/")) || decode.PathFlags(e.WorkingDirectoryFlags) != 0 {
		return text(given)
	}
	return joinPath(e.WorkingDirectory, given)
}

// isInterpreter compares a name with those of the configuration, where a star at the end stands for any
// version: digits and dots.
func (p *processEmitter) isInterpreter(name string) bool {
	for _, known := range p.options.Interpreters {
		stem, versioned := strings.CutSuffix(known, "*")
		if name == stem || versioned && strings.HasPrefix(name, stem) && strings.Trim(name[len(stem):], "0123456789.-") == "" {
			return true
		}
	}
	return false
}

// isMultiCall tells programs that are many, by the name that they are called by.
func isMultiCall(name string) bool { return name == "busybox" || name == "toybox" }

func isShell(name string) bool {
	switch name {
	case "sh", "bash", "dash", "ash", "hush", "ksh", "mksh", "zsh":
		return true
	}
	return false
}

// syntax is how an interpreter reads its command line, as far as it takes to tell the script.
type syntax struct {
	// code has the letters of options after which nothing is a script: what follows is a program, or
	// the name of a module, or the program comes from standard input.
	code string
	// value has the letters of options that take a value: the rest of their argument, or the next one.
	value string
	// attached has the letters of options whose value is the rest of their argument, which may be empty.
	attached string
	// file is the letter of an option whose value is the script, 0 if there is none.
	file byte
	// codeWords and valueWords are the same for long options, without what stands behind "=".
	codeWords, valueWords []string
}

var (
	shellSyntax = syntax{code: "cs", value: "oO", valueWords: []string{"--rcfile", "--init-file"}}
	syntaxes    = map[string]syntax{
		"python": {code: "cm", value: "WXQ", valueWords: []string{"--check-hash-based-pycs"}},
		"pypy":   {code: "cm", value: "WX"},
		"perl":   {code: "eE", value: "I", attached: "iMmxFCDdV"},
		"ruby":   {code: "e", value: "IrCE", attached: "FKTWxi"},
		"node": {
			code: "ep", value: "rC", codeWords: []string{"--eval", "--print"},
			valueWords: []string{"--require", "--import", "--loader", "--experimental-loader", "--conditions"},
		},
		"php": {code: "rBRESa", value: "cdz", file: 'f', codeWords: []string{"--run"}, valueWords: []string{"--php-ini", "--define"}},
		"lua": {value: "el"},
	}
	// otherSyntax is a guess for interpreters that are not known here.
	otherSyntax = syntax{code: "ce", codeWords: []string{"--eval", "--command"}}
)

// syntaxOf finds the syntax by a name that may end in a version.
func syntaxOf(interpreter string) syntax {
	if isShell(interpreter) {
		return shellSyntax
	}
	stem := strings.TrimRight(interpreter, "0123456789.-")
	if stem == "nodejs" {
		stem = "node"
	}
	if known, ok := syntaxes[stem]; ok {
		return known
	}
	if isShell(stem) {
		return shellSyntax
	}
	return otherSyntax
}

// script returns the first argument that is no option and no value of one, unless an option says that
// there is no script.
func (s syntax) script(arguments [][]byte) []byte {
	for i := 0; i < len(arguments); i++ {
		argument := string(arguments[i])
		next := func() []byte {
			if i+1 < len(arguments) {
				return arguments[i+1]
			}
			return nil
		}
		switch {
		case argument == "" || argument == "-":
			return nil // standard input
		case argument == "--":
			return next()
		case strings.HasPrefix(argument, "--"):
			word, _, joined := strings.Cut(argument, "=")
			if slices.Contains(s.codeWords, word) {
				return nil
			}
			if !joined && slices.Contains(s.valueWords, word) {
				i++
			}
		case argument[0] == '-' || argument[0] == '+' && strings.Contains(s.value, "o"):
			letter, rest := s.decisive(argument[1:])
			switch {
			case letter == 0:
			case strings.IndexByte(s.code, letter) >= 0:
				return nil
			case letter == s.file && rest != "":
				return []byte(rest)
			case letter == s.file:
				return next()
			case strings.IndexByte(s.value, letter) >= 0 && rest == "":
				i++
			}
		default:
			return arguments[i]
		}
	}
	return nil
}

// decisive returns the first of some options in one argument that is more than a switch, and what stands
// behind it; 0 if all are switches.
func (s syntax) decisive(letters string) (letter byte, rest string) {
	for i := range len(letters) {
		letter := letters[i]
		if letter == s.file || strings.IndexByte(s.code+s.value+s.attached, letter) >= 0 {
			return letter, letters[i+1:]
		}
	}
	return 0, ""
}
