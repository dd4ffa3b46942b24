// SPDX-License-Identifier: Apache-2.0

package generalise

import "strings"

// Path generalises a path. The first segment of an absolute path begins with a slash, that of any other does not.
func (g *Generaliser) Path(o *Object, path string) {
	o.Reset()
	g.path(o, path)
}

// Detail generalises a path that something else has to be told about first, such as a means or a type.
func (g *Generaliser) Detail(o *Object, detail, path string) {
	o.SetLiteral(detail)
	if path != "" {
		g.path(o, path)
	}
}

// path adds a path to what is there.
func (g *Generaliser) path(o *Object, path string) {
	if g.config.Off {
		o.split(path)
		return
	}
	before := o.count
	path = enter(o, path)
	literal, top := false, o.count == before || o.text[o.start(before)] == '<'
	for first := true; ; first = false {
		name, rest, slash := next(path)
		if name == "" {
			break
		}
		path = rest
		if o.full() && !last(path) {
			o.fold()
			return
		}
		o.looseBytes = 0
		literal = literal || (first && top && slash && keptTops(name)) || (keptAnywhere(name) && len(name) <= segmentBytesMax)
		o.begin()
		if slash || o.count > 0 {
			o.addByte('/')
		}
		if literal {
			o.add(name)
		} else {
			o.addName(name)
		}
		o.end()
		if !literal {
			o.shards()
			o.loosen(name)
		}
	}
	if o.count == 0 {
		o.SetLiteral("/")
	}
}

// split adds the names of a path as they are.
func (o *Object) split(path string) {
	for {
		name, rest, slash := next(path)
		if name == "" {
			break
		}
		path = rest
		if o.full() && !last(path) {
			o.fold()
			return
		}
		o.begin()
		if slash || o.count > 0 {
			o.addByte('/')
		}
		o.add(name)
		o.end()
	}
	if o.count == 0 {
		o.SetLiteral("/")
	}
}

// fold stands for everything that lies deeper.
func (o *Object) fold() {
	o.begin()
	o.add("/" + placeDeep)
	o.end()
}

// next returns the first name of a path, what is behind it, and whether a slash is before it. Names that lead nowhere are left out.
func next(path string) (name, rest string, slash bool) {
	for {
		for path != "" && path[0] == '/' {
			path, slash = path[1:], true
		}
		end := strings.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		name, path = path[:end], path[end:]
		if name != "." {
			return name, path, slash
		}
	}
}

// last tells whether a path has no more names.
func last(path string) bool {
	name, _, _ := next(path)
	return name == ""
}

// enter writes what stands for the place in which a path begins, a home or a layer of a container, and returns the rest.
func enter(o *Object, path string) string {
	place, rest := "", path
	if name, behind, slash := next(path); slash && name == "home" {
		if user, inside, _ := next(behind); user != "" {
			place, rest = placeHome, inside
		}
	} else if !slash && (name == placeHome || name == placeLayer) {
		place, rest = name, behind
	} else if inside, ok := insideLayer(path); ok {
		place, rest = placeLayer, inside
	}
	if place != "" {
		o.begin()
		o.add(place)
		o.end()
	}
	return rest
}

// layerRoots are the folders in which runtimes keep file systems of containers: <root>/<id>/<view>/<path inside>.
var layerRoots = []string{
	"/var/lib/docker/overlay2/",
	"/var/lib/containers/storage/overlay/",
	"/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/",
	"/run/containerd/io.containerd.runtime.v2.task/k8s.io/",
	"/run/containerd/io.containerd.runtime.v2.task/default/",
	"/run/containerd/io.containerd.runtime.v2.task/moby/",
}

func insideLayer(path string) (string, bool) {
	for _, root := range layerRoots {
		if !strings.HasPrefix(path, root) {
			continue
		}
		_, behind, _ := next(path[len(root):])
		view, inside, _ := next(behind)
		switch view {
		case "merged", "diff", "fs", "rootfs":
			return inside, true
		}
	}
	return "", false
}

// keptTops are folders of the root in which nothing is generalised: new names in them are news.
func keptTops(name string) bool {
	switch name {
	case "etc", "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "root", "boot":
		return true
	}
	return false
}

// keptAnywhere are folders in which nothing is generalised, wherever they are.
func keptAnywhere(name string) bool {
	return name == ".ssh" || name == "systemd" || strings.HasPrefix(name, "cron") || name == "anacron" || name == "ld.so.preload"
}

// shards replaces folders of two characters before an identifier: they are the first characters of it or of its hash, and say as
// little. It looks at the segments before the last, which is complete.
func (o *Object) shards() {
	if o.count < 2 || !identifies(o.Segment(o.count-1)) {
		return
	}
	for i := o.count - 2; i >= 0; i-- {
		segment := o.Segment(i)
		switch {
		case string(segment) == "/"+placeShard:
		case string(segment) == "/"+placeNumber,
			len(segment) == 3 && segment[0] == '/' && alphanumeric(segment[1]) && alphanumeric(segment[2]):
			o.replace(i, "/"+placeShard)
		default:
			return
		}
	}
}

// identifies tells whether a segment begins with an identifier.
func identifies(segment []byte) bool {
	for _, place := range [...]string{placeIdentifier, placeHex, placeUUID} {
		if len(segment) > len(place) && segment[0] == '/' && string(segment[1:1+len(place)]) == place {
			return true
		}
	}
	return false
}

// replace puts another text, of at most one byte more, in the place of a segment.
func (o *Object) replace(i int, text string) {
	start, end := o.start(i), o.ends[i]
	growth := len(text) - (end - start)
	if o.bytes+growth > BytesMax {
		return
	}
	copy(o.text[end+growth:], o.text[end:o.bytes])
	copy(o.text[start:], text)
	o.bytes += growth
	for j := i; j < o.count; j++ {
		o.ends[j] += growth
	}
}
