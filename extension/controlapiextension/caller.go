// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// How callers are recognised.
const (
	viaUnixSocket        = "unix_socket"
	viaToken             = "token"
	viaClientCertificate = "client_certificate"
	viaExtension         = "extension"
)

// callers finds out who sends requests.
type callers struct {
	tokens       tokens
	certificates ClientCertificatesConfig
	extension    extensionauth.Server
	roles        AuthRolesConfig
	attempts     *attempts
	telemetry    *telemetry
	logger       *zap.Logger
}

// identify returns who sent a request, or why nobody is believed to have.
//
// The session of a browser would be one more way to be recognised, behind certificates: by a cookie that is
// SameSite=Strict, HttpOnly and Secure, and a token against forged requests that guard.go compares. There is none
// as long as no page needs it: nothing that browsers send by themselves opens anything but a certificate.
func (c *callers) identify(w http.ResponseWriter, r *http.Request) (controlapi.Caller, error) {
	if connection, ok := r.Context().Value(connectionKey{}).(*connection); ok && connection != nil && connection.caller.Via != "" {
		return connection.caller, nil
	}
	address := addressOf(r)
	if wait := c.attempts.wait(address); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		return controlapi.Caller{}, tooManyAttempts()
	}
	caller, tried := c.recognise(r)
	if caller.Via == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="meerkat"`)
		if tried {
			c.failed(address)
		}
		return controlapi.Caller{}, unauthenticated()
	}
	caller.Address = address.String()
	return caller, nil
}

// failed counts credentials that were wrong. The log can't be flooded by them: the limit holds for it too.
func (c *callers) failed(address netip.Addr) {
	if !c.attempts.fail(address) {
		add(c.telemetry.untracked)
	}
	c.logger.Warn("Somebody sent wrong credentials to the control API", zap.String(names.ClientAddress, address.String()))
}

// recognise returns a caller without Via if nobody is known, and tells whether credentials were sent. Who sends
// credentials in a header is judged by these alone.
func (c *callers) recognise(r *http.Request) (caller controlapi.Caller, tried bool) {
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		if caller, ok := c.byCertificate(r); ok {
			return caller, true
		}
	}
	if len(authorization) > credentialBytesMax {
		return controlapi.Caller{}, true
	}
	if scheme, token, ok := strings.Cut(authorization, " "); ok && strings.EqualFold(scheme, "Bearer") {
		if known, ok := c.tokens.find(strings.TrimSpace(token)); ok {
			return controlapi.Caller{Name: known.name, Role: known.role, Via: viaToken}, true
		}
	}
	if c.extension == nil {
		return controlapi.Caller{}, authorization != ""
	}
	// In which header the extension looks for credentials is its own business: whatever it refuses may be a guess.
	return c.byExtension(r), true
}

// byCertificate knows those that the configuration names. Go has verified the certificate.
func (c *callers) byCertificate(r *http.Request) (controlapi.Caller, bool) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(c.certificates.Operators)+len(c.certificates.Viewers) == 0 {
		return controlapi.Caller{}, false
	}
	own := certificateNames(r.TLS.VerifiedChains[0][0])
	caller := controlapi.Caller{Name: own[0], Via: viaClientCertificate}
	switch {
	case lists(c.certificates.Operators, own):
		caller.Role = controlapi.RoleOperator
	case lists(c.certificates.Viewers, own):
		caller.Role = controlapi.RoleViewer
	}
	return caller, true
}

// certificateNames are the names that a certificate is for; the first is what its owner is called. There is one
// at least.
func certificateNames(certificate *x509.Certificate) []string {
	all := slices.Concat([]string{certificate.Subject.CommonName}, certificate.DNSNames, certificate.EmailAddresses)
	for _, uri := range certificate.URIs {
		all = append(all, uri.String())
	}
	all = slices.DeleteFunc(all, func(name string) bool { return name == "" })
	if len(all) == 0 {
		return []string{"certificate " + certificate.SerialNumber.String()}
	}
	return all
}

// everyName stands for all names in lists of the configuration.
const everyName = "*"

func lists(list, wanted []string) bool {
	return slices.Contains(list, everyName) || slices.ContainsFunc(wanted, func(name string) bool { return slices.Contains(list, name) })
}

// byExtension asks the auth extension, and takes the role from what it knows of the caller.
func (c *callers) byExtension(r *http.Request) controlapi.Caller {
	ctx, err := c.extension.Authenticate(r.Context(), r.Header)
	if err != nil {
		return controlapi.Caller{}
	}
	caller := controlapi.Caller{Name: "somebody", Via: viaExtension, Role: c.roles.Default.role()}
	known := client.FromContext(ctx).Auth
	if known == nil {
		return caller
	}
	if name := attributeValues(known, c.roles.NameAttribute); len(name) > 0 {
		caller.Name = name[0]
	}
	switch values := attributeValues(known, c.roles.Attribute); {
	case len(values) == 0:
	case lists(c.roles.Operators, values):
		caller.Role = controlapi.RoleOperator
	case lists(c.roles.Viewers, values):
		caller.Role = controlapi.RoleViewer
	}
	return caller
}

// attributeValues understands the types in which extensions keep a name or several.
func attributeValues(known client.AuthData, attribute string) []string {
	if attribute == "" {
		return nil
	}
	switch value := known.GetAttribute(attribute).(type) {
	case nil:
		return nil
	case string:
		return []string{value}
	case []string:
		return value
	case []any:
		all := make([]string, 0, len(value))
		for _, element := range value {
			all = append(all, fmt.Sprint(element))
		}
		return all
	default:
		return []string{fmt.Sprint(value)}
	}
}

// addressOf is where a request comes from, without the port. Headers that proxies set are not believed.
func addressOf(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap()
}
