// SPDX-License-Identifier: Apache-2.0

package generalise

import "strings"

// Bounds of what arguments say by themselves.
const (
	flagBytesMax   = 40
	wordBytesMax   = 32
	hostBytesMax   = 64
	base64BytesMin = 24
)

// Arguments generalises the arguments of a program, its name left out, to their shape: flags are kept, and the first bare word,
// which often is a command of its own (git status); of all others only the kind is told. Repeats of one kind are told once.
func (g *Generaliser) Arguments(o *Object, arguments []string) {
	o.Reset()
	bare := false
	for i := 1; i < len(arguments); i++ {
		if o.full() {
			o.begin()
			o.add(" " + placeMore)
			o.end()
			break
		}
		o.begin()
		o.addByte(' ')
		if g.config.Off {
			o.add(arguments[i])
		} else {
			bare = o.addArgument(arguments[i], bare)
		}
		o.end()
		if o.count > 1 && string(o.Segment(o.count-1)) == string(o.Segment(o.count-2)) {
			o.count--
			o.bytes = o.ends[o.count-1]
		}
	}
}

// addArgument returns whether there was a bare word by now.
func (o *Object) addArgument(argument string, bare bool) bool {
	switch {
	case argument == "":
		o.add(placeText)
	case len(argument) > 1 && argument[0] == '-':
		o.addFlag(argument)
	case !bare && word(argument):
		o.add(argument)
		return true
	default:
		o.addKind(argument)
	}
	return bare
}

// addFlag keeps the name of a flag and tells the kind of its value.
func (o *Object) addFlag(flag string) {
	name, value, more := strings.Cut(flag, "=")
	if strings.ContainsAny(name, " \t\n/") || !o.addFlagName(name) {
		o.add(placeFlag)
		return
	}
	if more {
		o.addByte('=')
		o.addKind(value)
	}
}

// addFlagName adds nothing if the name becomes too long.
func (o *Object) addFlagName(name string) bool {
	before := o.bytes
	for i := 0; i < len(name); i++ {
		if digit(name[i]) {
			o.add(placeNumber)
			for i+1 < len(name) && digit(name[i+1]) {
				i++
			}
		} else {
			o.addByte(name[i])
		}
		if o.bytes-before > flagBytesMax {
			o.bytes = before
			return false
		}
	}
	return true
}

// addKind tells what kind of thing a value is.
func (o *Object) addKind(value string) {
	switch {
	case value == "":
	case placeholder(value):
		o.add(value)
	case numbers(value) == len(value):
		o.add(placeNumber)
	case strings.ContainsAny(value, " \t\n\"'$;|&()`{}"):
		o.add(placeText)
	case strings.Contains(value, "://"):
		o.addURL(value)
	case base64(value):
		o.add(placeBase64)
	case strings.IndexByte(value, '/') >= 0:
		o.addFolder(value)
	case strings.IndexByte(value, '.') > 0:
		o.addExtension(value)
	default:
		o.add(placeWord)
	}
}

// addFolder tells of a path that is an argument only where it begins: the file is opened anyhow, and then it's an event.
func (o *Object) addFolder(path string) {
	name, _, slash := next(path)
	if name == "" {
		o.addByte('/')
		return
	}
	if slash {
		o.addByte('/')
	}
	if slash && keptTops(name) {
		o.add(name)
	} else {
		o.addName(name)
	}
	o.add("/…")
}

// addExtension tells of a name only its extension.
func (o *Object) addExtension(name string) {
	extension := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case extension == placeNumber || extension != "" && numbers(extension) == len(extension):
		o.add("*." + placeNumber)
	case extension != "" && len(extension) < identifierBytesMin && token(extension) == len(extension):
		o.add("*.")
		o.add(extension)
	default:
		o.add(placeWord)
	}
}

// addURL keeps the host.
func (o *Object) addURL(value string) {
	_, rest, _ := strings.Cut(value, "://")
	host := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host = rest[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	o.add("<url:")
	if len(host) > hostBytesMax || strings.ContainsAny(host, "<>") {
		o.add("long")
	} else {
		o.add(host)
	}
	o.addByte('>')
}

// word tells whether an argument can be a command of its own.
func word(argument string) bool {
	if argument == "" || len(argument) > wordBytesMax || !letter(argument[0]) {
		return false
	}
	for i := range len(argument) {
		if b := argument[i]; !letter(b) && b != '-' && b != '_' {
			return false
		}
	}
	return true
}

// placeholder tells whether a value is one already.
func placeholder(value string) bool {
	return len(value) > 2 && value[0] == '<' && value[len(value)-1] == '>' && strings.IndexByte(value[1:len(value)-1], '<') < 0 &&
		!strings.ContainsAny(value, " \t\n")
}

// base64 tells whether a value looks like data in letters: long, without a dot, of mixed letters and digits.
func base64(value string) bool {
	if len(value) < base64BytesMin || value[0] == '/' {
		return false
	}
	small, big, digits := false, false, false
	for i := range len(value) {
		switch b := value[i]; {
		case digit(b):
			digits = true
		case upper(b):
			big = true
		case letter(b):
			small = true
		case b != '+' && b != '/' && b != '=' && b != '-' && b != '_':
			return false
		}
	}
	return small && big && digits
}
