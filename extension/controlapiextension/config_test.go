// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// load reads the section of a test file as the Collector would.
func load(t *testing.T, file, section string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", file))
	require.NoError(t, err)
	sub, err := all.Sub(section)
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(config); err != nil {
		return config, err
	}
	return config, confmap.Validate(config)
}

// defaults returns the default configuration with changes.
func defaults(change func(*Config)) *Config {
	c := createDefaultConfig().(*Config)
	change(c)
	return c
}

func TestConfig_structIsWellFormed(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

func TestConfig_accepted(t *testing.T) {
	for section, expected := range map[string]*Config{
		"control_api": defaults(func(*Config) {}),
		"control_api/socket": defaults(func(c *Config) {
			c.HTTP.NetAddr.Endpoint, c.SocketMode, c.SocketGroup, c.OperatorGroup = "/run/other/control.sock", "0666", "adm", "4242"
			c.MaxConnections, c.MaxRequests, c.MaxHeaderBytes, c.HTTP.MaxRequestBodySize = 100, 50, 8192, 1<<20
			c.HTTP.ReadHeaderTimeout, c.HTTP.ReadTimeout, c.HTTP.WriteTimeout = 5*time.Second, 6*time.Second, 7*time.Second
			c.HTTP.Keepalive = configoptional.Some(confighttp.KeepaliveServerConfig{IdleTimeout: 8 * time.Second})
			c.AllowedHosts = []string{"meerkat.example"}
		}),
		"control_api/loopback": defaults(func(c *Config) {
			c.HTTP.NetAddr.Transport, c.HTTP.NetAddr.Endpoint = "tcp", "127.0.0.1:9470"
			c.GeneratedTokenFile = "/var/lib/meerkat/control.token"
		}),
		"control_api/tls": defaults(func(c *Config) {
			c.HTTP.NetAddr.Transport, c.HTTP.NetAddr.Endpoint = "tcp", "0.0.0.0:9470"
			tls := configtls.NewDefaultServerConfig()
			tls.CertFile, tls.KeyFile, tls.ClientCAFile = "/etc/meerkat/tls.crt", "/etc/meerkat/tls.key", "/etc/meerkat/ca.crt"
			c.HTTP.TLS = configoptional.Some(tls)
			c.ClientCertificates = ClientCertificatesConfig{Operators: []string{"admin.example"}, Viewers: []string{"*"}}
			c.Tokens = []TokenConfig{
				{Name: "grafana", Role: RoleViewer, TokenFile: "/etc/meerkat/grafana.token"},
				{Name: "deploy", Role: RoleOperator, Token: "0123456789abcdef"},
			}
			c.AllowedHosts, c.AllowedOrigins = []string{"node-1.example", "2001:db8::1"}, []string{"https://console.example"}
		}),
		"control_api/extension": defaults(func(c *Config) {
			c.HTTP.NetAddr.Transport, c.HTTP.NetAddr.Endpoint = "tcp", "localhost:9470"
			c.HTTP.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: component.MustNewID("oidc")}})
			c.AuthRoles = AuthRolesConfig{
				NameAttribute: "email", Attribute: "groups", Operators: []string{"sre"}, Viewers: []string{"dev"}, Default: RoleNone,
			}
		}),
	} {
		t.Run(section, func(t *testing.T) {
			config, err := load(t, "config.yaml", section)
			require.NoError(t, err)
			assert.Equal(t, expected, config)
		})
	}
}

// The page that lists all keys says what their defaults are.
func TestConfig_documentation(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "```yaml\ncontrol_api:\n")
	require.True(t, found)
	block, _, _ := strings.Cut(rest, "```")
	retrieved, err := confmap.NewRetrievedFromYAML([]byte("control_api:\n" + block))
	require.NoError(t, err)
	all, err := retrieved.AsConf()
	require.NoError(t, err)
	section, err := all.Sub("control_api")
	require.NoError(t, err)
	config := &Config{}
	require.NoError(t, section.Unmarshal(config))
	expected := createDefaultConfig().(*Config)
	// Nothing and an empty list are the same.
	nothing := []string{}
	expected.AllowedHosts, expected.AllowedOrigins, expected.Tokens = nothing, nothing, []TokenConfig{}
	expected.ClientCertificates = ClientCertificatesConfig{Operators: nothing, Viewers: nothing}
	expected.AuthRoles.Operators, expected.AuthRoles.Viewers = nothing, nothing
	assert.Equal(t, expected, config)
}

// Each code that the server answers with is explained.
func TestProblems_documentation(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	caller := controlapi.Caller{Name: "ann"}
	for _, problem := range []*controlapi.Problem{
		unauthenticated(), tooManyAttempts(), forbidden(caller, controlapi.RoleViewer), hostNotAllowed(), originNotAllowed(), crossSite("x"),
		routeNotFound(), methodNotAllowed([]string{"GET"}), headerTooLarge(), tooManyRequests(), stopping(),
		controlapi.BadRequest("x"), controlapi.Invalid("x"), controlapi.NotFound("x"), controlapi.TooLarge(1),
		controlapi.UnsupportedMediaType("x"), controlapi.Internal("x"),
	} {
		assert.Contains(t, string(page), fmt.Sprintf("| `%s` | %d |", problem.Code, problem.Status))
		assert.NotEmpty(t, problem.Title)
	}
}

func TestConfig_refused(t *testing.T) {
	for section, message := range map[string]string{
		"control_api/abstract": "endpoint: \"@control\" is not the absolute path of a socket in its shortest form; the default is /run/meerkat/control.sock; for an address, set transport to \"tcp\"",
		"control_api/auth_roles": "auth_roles: default: \"root\" is none of \"none\", \"viewer\" and \"operator\"\n" +
			"attribute: empty; name the attribute whose values operators and viewers list, such as \"groups\"",
		"control_api/certificate_without_name":       "client_certificates: operators: an empty name is no name; \"*\" stands for every certificate",
		"control_api/certificates_without_authority": "client_certificates: nobody vouches for certificates; set tls: client_ca_file",
		"control_api/credentials_in_addresses":       "auth: request_params: credentials in addresses end up in logs; send them in a header",
		"control_api/groups_on_tcp": "operator_group: \"adm\" is for a Unix socket; remove it, or set transport to \"unix\"\n" +
			"socket_group: \"adm\" is for a Unix socket; remove it, or set transport to \"unix\"",
		"control_api/hosts": "allowed_hosts[0]: \"*.example\" is not a name or address alone, such as \"node-1.example\"\n" +
			"allowed_hosts[1]: \"a.example:80\" is not a name or address alone, such as \"node-1.example\"\n" +
			"allowed_hosts[2]: \"\" is not a name or address alone, such as \"node-1.example\"\n" +
			"allowed_origins[0]: \"https://a.example/\" is not an origin as browsers send it, such as \"https://console.example\"\n" +
			"allowed_origins[1]: \"a.example\" is not an origin as browsers send it, such as \"https://console.example\"\n" +
			"allowed_origins[2]: \"https://A.example:443\" is not an origin as browsers send it, such as \"https://console.example\"\n" +
			"allowed_origins[3]: \"null\" is not an origin as browsers send it, such as \"https://console.example\"",
		"control_api/limits": "max_connections: 1 is outside 8 to 4096; the default is 64\n" +
			"max_requests: 5000 is outside 8 to 4096; the default is 64\n" +
			"max_header_bytes: 100 is outside 4096 to 1048576; the default is 16384\n" +
			"max_request_body_size: 1 is outside 1024 to 1073741824; the default is 20971520\n" +
			"read_header_timeout: 0s is outside 1s to 1h0m0s; the default is 10s\n" +
			"read_timeout: 1ms is outside 1s to 1h0m0s; the default is 1m0s\n" +
			"write_timeout: 2h0m0s is outside 1s to 1h0m0s; the default is 1m0s\n" +
			"keepalive: idle_timeout: 0s is outside 1s to 1h0m0s; the default is 2m0s",
		"control_api/long":            "endpoint: 121 bytes are more than 107, which is what the kernel takes as the path of a socket",
		"control_api/mode":            "socket_mode: \"0777\" is not an octal number from \"0600\" to \"0666\" of permissions to read and write; the default is \"0660\"",
		"control_api/mode_locked":     "socket_mode: \"0060\" is not an octal number from \"0600\" to \"0666\" of permissions to read and write; the default is \"0660\"",
		"control_api/no_port":         "endpoint: \"127.0.0.1\" is not an address with a port, such as \"127.0.0.1:9470\"",
		"control_api/open":            "endpoint: \"0.0.0.0:9470\" can be reached from other machines, and is not encrypted; set tls, or take an address such as \"127.0.0.1:9470\"",
		"control_api/open_by_name":    "endpoint: \"node-1.example:9470\" can be reached from other machines, and is not encrypted; set tls, or take an address such as \"127.0.0.1:9470\"",
		"control_api/relative":        "endpoint: \"control.sock\" is not the absolute path of a socket in its shortest form; the default is /run/meerkat/control.sock; for an address, set transport to \"tcp\"",
		"control_api/same_name":       "tokens[1]: name: \"a\" is another token's name too",
		"control_api/token_file":      "generated_token_file: \"control.token\" is not an absolute path in its shortest form; the default is /run/meerkat/control.token",
		"control_api/tls_without_key": "http::tls: TLS configuration must include both certificate and key for server connections",
		"control_api/tokens": "tokens::0: role: \"admin\" is neither \"viewer\" nor \"operator\"\n" +
			"tokens::1: name: empty; it stands in the log and in events for who changed something\n" +
			"token: 5 bytes are not from 16 to 4096; `openssl rand -hex 32` makes a good one\n" +
			"tokens::2: token: exactly one of token and token_file has to be set\n" +
			"tokens::3: token: exactly one of token and token_file has to be set\n" +
			"tokens::4: token_file: \"a\" is not an absolute path\n" +
			"tokens::5: token: it has characters that can't be sent in a header; `openssl rand -hex 32` makes a good one",
		"control_api/transport": "transport: \"udp\" is none of \"unix\", \"tcp\", \"tcp4\" and \"tcp6\"; the default is \"unix\"",
		"control_api/unix_with_credentials": "auth: a Unix socket knows its callers by their user ids; remove it, or set transport to \"tcp\"\n" +
			"client_certificates: a Unix socket knows its callers by their user ids; remove it, or set transport to \"tcp\"\n" +
			"tls: a Unix socket knows its callers by their user ids; remove it, or set transport to \"tcp\"\n" +
			"tokens: a Unix socket knows its callers by their user ids; remove it, or set transport to \"tcp\"",
		"control_api/unknown_key": "decoding failed due to the following error(s):\n\n'controlapiextension.Config' has invalid keys: sockets",
		"control_api/unused": "cors: requests across sites are refused; if a proxy stands in front, name its origin in allowed_origins\n" +
			"compression_algorithms: compressed bodies are not read here; remove it\n" +
			"include_metadata: nothing is sent on from here; remove it",
	} {
		t.Run(section, func(t *testing.T) {
			_, err := load(t, "config_refused.yaml", section)
			require.EqualError(t, err, message)
		})
	}
}

func TestFactory_type(t *testing.T) {
	factory := NewFactory()
	assert.Equal(t, component.MustNewType("control_api"), factory.Type())
	assert.Equal(t, component.StabilityLevelAlpha, factory.Stability())
}
