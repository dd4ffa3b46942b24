// SPDX-License-Identifier: Apache-2.0

package generalise

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLoose(t *testing.T) {
	g, o := generaliser(t), new(Object)
	for path, want := range map[string]string{
		"/var/cache/apt/pkgcache.bin.gnlmjp": "/pkgcache.bin.<tmp>",
		"/var/cache/apt/pkgcache.bin.Gnlmjp": "/pkgcache.bin.<tmp>",
		"/var/cache/apt/pkgcache.bin.GnlmjP": "", // it is read so anyhow
		"/run/runc.rz49gt":                   "/runc.<tmp>",
		"/run/4711/state.4x7a2b":             "/state.<tmp>",
		"/run/state.471123":                  "", // a number
		"/run/x.abcdef":                      "/x.<tmp>",
		"/run/.abcdef":                       "",
		"/run/state.abc-ef":                  "",
		"/run/state.abcdefg":                 "",
		"/srv/qwertyui.sqlite":               "/<id>.sqlite",
		"/srv/qwertyui.Sqlite":               "/qwertyui.<tmp>",
		"/srv/qwertyui":                      "/<id>",
		"/srv/tmpabcdef":                     "/tmp<tmp>",
		"/etc/passwd.abcdef":                 "", // nothing is generalised there
	} {
		g.Path(o, path)
		assert.Equal(t, want, string(o.Loose()), path)
	}
}
