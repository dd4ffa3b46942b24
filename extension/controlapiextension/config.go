// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// Config is what users write under the extension's name.
type Config struct {
	// HTTP has the keys of every HTTP server in a Collector: endpoint, transport, tls, auth, time-outs and more.
	HTTP confighttp.ServerConfig `mapstructure:",squash"`

	// SocketMode are the permissions of a Unix socket, as an octal number.
	SocketMode string `mapstructure:"socket_mode"`
	// SocketGroup is the group that a Unix socket belongs to, by name or number. By default that is OperatorGroup.
	SocketGroup string `mapstructure:"socket_group"`
	// OperatorGroup is the group whose members are operators on a Unix socket, as root and the collector's own
	// user are always. Whoever else can connect is a viewer.
	OperatorGroup string `mapstructure:"operator_group"`

	// AllowedHosts are names that the server is called by, besides those of its endpoint.
	AllowedHosts []string `mapstructure:"allowed_hosts"`
	// AllowedOrigins are the origins of pages that may send requests, besides those of the server itself: those
	// of a proxy in front of it. It does not make requests across sites possible.
	AllowedOrigins []string `mapstructure:"allowed_origins"`

	// Tokens are who is known by a bearer token.
	Tokens []TokenConfig `mapstructure:"tokens"`
	// GeneratedTokenFile keeps the operator's token that is made for TCP when nothing else tells callers apart.
	GeneratedTokenFile string `mapstructure:"generated_token_file"`
	// ClientCertificates says who is known by a certificate.
	ClientCertificates ClientCertificatesConfig `mapstructure:"client_certificates"`
	// AuthRoles says what callers may do whom the extension under auth has let in.
	AuthRoles AuthRolesConfig `mapstructure:"auth_roles"`

	// MaxConnections bounds connections at once.
	MaxConnections int `mapstructure:"max_connections"`
	// MaxRequests bounds requests at once, streams included.
	MaxRequests int `mapstructure:"max_requests"`
	// MaxHeaderBytes bounds the header of a request.
	MaxHeaderBytes int `mapstructure:"max_header_bytes"`

	_ struct{} // unkeyed literals would break with each new field
}

// TokenConfig is somebody who is known by a bearer token.
type TokenConfig struct {
	// Name tells people who it is, in the log and in events.
	Name string `mapstructure:"name"`
	// Role is viewer or operator.
	Role RoleName `mapstructure:"role"`
	// Token is the token, and TokenFile a file that has it; one of them has to be set.
	Token     configopaque.String `mapstructure:"token"`
	TokenFile string              `mapstructure:"token_file"`

	_ struct{}
}

// ClientCertificatesConfig lists common names and alternative names (DNS, mail, URI) of certificates that
// tls::client_ca_file vouches for. "*" stands for every certificate.
type ClientCertificatesConfig struct {
	// Operators are those who may change things, Viewers those who may look.
	Operators []string `mapstructure:"operators"`
	Viewers   []string `mapstructure:"viewers"`

	_ struct{}
}

// AuthRolesConfig maps what an auth extension knows of a caller to a role.
type AuthRolesConfig struct {
	// NameAttribute is the attribute that callers are named after.
	NameAttribute string `mapstructure:"name_attribute"`
	// Attribute is the one whose value, or one of whose values, Operators and Viewers list.
	Attribute string   `mapstructure:"attribute"`
	Operators []string `mapstructure:"operators"`
	Viewers   []string `mapstructure:"viewers"`
	// Default is the role of everybody else whom the extension lets in.
	Default RoleName `mapstructure:"default"`

	_ struct{}
}

// RoleName is a role as it is written in the configuration.
type RoleName string

// Roles.
const (
	RoleNone     RoleName = "none"
	RoleViewer   RoleName = "viewer"
	RoleOperator RoleName = "operator"
)

func (r RoleName) role() controlapi.Role {
	switch r {
	case RoleViewer:
		return controlapi.RoleViewer
	case RoleOperator:
		return controlapi.RoleOperator
	default:
		return controlapi.RoleNone
	}
}

func createDefaultConfig() component.Config {
	http := confighttp.NewDefaultServerConfig()
	http.NetAddr.Transport = confignet.TransportTypeUnix
	http.NetAddr.Endpoint = endpointDefault
	http.MaxRequestBodySize = bodyBytesDefault
	http.ReadHeaderTimeout, http.ReadTimeout, http.WriteTimeout = readHeaderTimeoutDefault, readTimeoutDefault, writeTimeoutDefault
	keepalive := confighttp.NewDefaultKeepaliveServerConfig()
	keepalive.IdleTimeout = idleTimeoutDefault
	http.Keepalive = configoptional.Some(keepalive)
	return &Config{
		HTTP:               http,
		SocketMode:         socketModeDefault,
		GeneratedTokenFile: generatedTokenFileDefault,
		AuthRoles:          AuthRolesConfig{NameAttribute: "subject", Default: RoleViewer},
		MaxConnections:     connectionsDefault,
		MaxRequests:        requestsDefault,
		MaxHeaderBytes:     headerBytesDefault,
	}
}

func (c *Config) onUnix() bool { return c.HTTP.NetAddr.Transport == confignet.TransportTypeUnix }

// byCertificate tells whether callers are told apart by their certificates.
func (c *Config) byCertificate() bool {
	return len(c.ClientCertificates.Operators)+len(c.ClientCertificates.Viewers) > 0
}

// byGeneratedToken tells whether nothing but a token of our own tells callers apart.
func (c *Config) byGeneratedToken() bool {
	return !c.onUnix() && len(c.Tokens) == 0 && !c.HTTP.Auth.HasValue() && !c.byCertificate()
}

// idleTimeout is how long a connection may wait for its next request.
func (c *Config) idleTimeout() time.Duration {
	if keepalive := c.HTTP.Keepalive.Get(); keepalive != nil {
		return keepalive.IdleTimeout
	}
	return idleTimeoutDefault
}
