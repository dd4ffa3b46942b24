// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// guard refuses what a browser may have been talked into sending, before anybody asks who sends it: by the name
// that the server is called by (DNS rebinding), and by where a page comes from (requests across sites).
type guard struct {
	// hosts are names without ports, in small letters.
	hosts []string
	// origins are those of proxies.
	origins []string
	onUnix  bool
	// headerBytesMax bounds all header lines together.
	headerBytesMax int
}

func newGuard(c *Config) *guard {
	g := &guard{origins: c.AllowedOrigins, onUnix: c.onUnix(), headerBytesMax: c.MaxHeaderBytes}
	for _, host := range c.AllowedHosts {
		g.hosts = append(g.hosts, strings.ToLower(host))
	}
	if !g.onUnix {
		g.hosts = append(g.hosts, "localhost", "127.0.0.1", "::1")
		// What stands for all addresses is none that a client can send.
		if host := strings.ToLower(hostOf(c.HTTP.NetAddr.Endpoint)); host != "" && !net.ParseIP(host).IsUnspecified() {
			g.hosts = append(g.hosts, host)
		}
	}
	return g
}

// answerHeaders are set on every answer, whatever a handler does.
func answerHeaders() map[string]string {
	return map[string]string{
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cache-Control":                "no-store",
	}
}

// check says why a request is refused, nil if it is not.
func (g *guard) check(r *http.Request) *controlapi.Problem {
	if headerBytes(r) > g.headerBytesMax {
		return headerTooLarge()
	}
	if !g.knowsHost(r) {
		return hostNotAllowed()
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return crossSite("Sec-Fetch-Site says " + siteWord(site))
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return nil
	}
	if len(origins) > 1 || !g.knowsOrigin(r, origins[0]) {
		return originNotAllowed()
	}
	if r.Method == http.MethodPost && simpleContent(r) {
		return crossSite("pages send changes with Content-Type application/json, which others can't")
	}
	return nil
}

// siteWord keeps what anybody may write out of answers.
func siteWord(site string) string {
	if site == "cross-site" || site == "same-site" {
		return site
	}
	return "something unknown"
}

func (g *guard) knowsHost(r *http.Request) bool {
	host := strings.ToLower(hostOf(r.Host))
	if host == "" || strings.ContainsAny(host, "/@ ") {
		return false
	}
	if slices.Contains(g.hosts, host) {
		return true
	}
	if g.onUnix {
		// Names of a single part can't be anybody's in the DNS.
		return !strings.ContainsAny(host, ".:")
	}
	// An address is nobody's name either, if it is the one that the connection came to.
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.Equal(net.ParseIP(host))
}

// knowsOrigin tells whether a page comes from this server, by the name that it was called by just now, or from a
// proxy that the configuration names.
func (g *guard) knowsOrigin(r *http.Request, origin string) bool {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	origin = canonicalOrigin(origin)
	return origin != "" && (origin == canonicalOrigin(scheme+"://"+r.Host) || slices.Contains(g.origins, origin))
}

// simpleContent tells whether a page of another site could send a body of this type without asking first.
func simpleContent(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err != nil || mediaType == "text/plain" || mediaType == "multipart/form-data" || mediaType == "application/x-www-form-urlencoded"
}

// headerBytes is about what the header took on the wire.
func headerBytes(r *http.Request) int {
	sum := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			sum += len(name) + len(value) + len(": \r\n")
		}
	}
	return sum
}
