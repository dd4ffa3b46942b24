// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/confmap"
)

var (
	_ confmap.Validator = (*Config)(nil)
	_ confmap.Validator = (*TokenConfig)(nil)
	_ confmap.Validator = (*AuthRolesConfig)(nil)
)

// Validate implements confmap.Validator. Errors name the key, the value, the range and the fix; the Collector puts
// the path of the section in front.
func (c *Config) Validate() error {
	errs := []error{c.validateUnused(), c.validateLimits(), c.validateNames()}
	switch transport := c.HTTP.NetAddr.Transport; transport {
	case confignet.TransportTypeUnix:
		errs = append(errs, c.validateUnix())
	case confignet.TransportTypeTCP, confignet.TransportTypeTCP4, confignet.TransportTypeTCP6:
		errs = append(errs, c.validateTCP(), c.validateCertificates())
	default:
		errs = append(errs, fmt.Errorf("transport: %q is none of \"unix\", \"tcp\", \"tcp4\" and \"tcp6\"; the default is \"unix\"", transport))
	}
	return errors.Join(errs...)
}

// validateUnused refuses keys of every HTTP server that would do nothing here, or harm.
func (c *Config) validateUnused() error {
	var errs []error
	refuse := func(is bool, complaint string) {
		if is {
			errs = append(errs, errors.New(complaint))
		}
	}
	refuse(c.HTTP.CORS.HasValue(), "cors: requests across sites are refused; if a proxy stands in front, name its origin in allowed_origins")
	refuse(c.HTTP.CompressionAlgorithms != nil, "compression_algorithms: compressed bodies are not read here; remove it")
	refuse(c.HTTP.IncludeMetadata, "include_metadata: nothing is sent on from here; remove it")
	auth := c.HTTP.Auth.Get()
	refuse(auth != nil && len(auth.RequestParameters) > 0, "auth: request_params: credentials in addresses end up in logs; send them in a header")
	return errors.Join(errs...)
}

func (c *Config) validateLimits() error {
	var errs []error
	number := func(key string, value, low, high, standard int64) {
		if value < low || value > high {
			errs = append(errs, fmt.Errorf("%s: %d is outside %d to %d; the default is %d", key, value, low, high, standard))
		}
	}
	number("max_connections", int64(c.MaxConnections), connectionsMin, connectionsMax, connectionsDefault)
	number("max_requests", int64(c.MaxRequests), requestsMin, requestsMax, requestsDefault)
	number("max_header_bytes", int64(c.MaxHeaderBytes), headerBytesMin, headerBytesMax, headerBytesDefault)
	number("max_request_body_size", c.HTTP.MaxRequestBodySize, bodyBytesMin, bodyBytesMax, bodyBytesDefault)
	span := func(key string, value, standard time.Duration) {
		if value < timeoutMin || value > timeoutMax {
			errs = append(errs, fmt.Errorf("%s: %s is outside %s to %s; the default is %s", key, value, timeoutMin, timeoutMax, standard))
		}
	}
	span("read_header_timeout", c.HTTP.ReadHeaderTimeout, readHeaderTimeoutDefault)
	span("read_timeout", c.HTTP.ReadTimeout, readTimeoutDefault)
	span("write_timeout", c.HTTP.WriteTimeout, writeTimeoutDefault)
	span("keepalive: idle_timeout", c.idleTimeout(), idleTimeoutDefault)
	return errors.Join(errs...)
}

func (c *Config) validateNames() error {
	var errs []error
	for i, host := range c.AllowedHosts {
		if host == "" || strings.ContainsAny(host, "/*@ \t") || hostOf(host) != host {
			errs = append(errs, fmt.Errorf("allowed_hosts[%d]: %q is not a name or address alone, such as \"node-1.example\"", i, host))
		}
	}
	for i, origin := range c.AllowedOrigins {
		if canonicalOrigin(origin) != origin {
			errs = append(errs, fmt.Errorf("allowed_origins[%d]: %q is not an origin as browsers send it, such as \"https://console.example\"", i, origin))
		}
	}
	for key, list := range map[string]int{
		"allowed_hosts": len(c.AllowedHosts), "allowed_origins": len(c.AllowedOrigins), "tokens": len(c.Tokens),
	} {
		if list > namesMax {
			errs = append(errs, fmt.Errorf("%s: %d entries are more than %d", key, list, namesMax))
		}
	}
	named := map[string]bool{}
	for i, token := range c.Tokens {
		if named[token.Name] {
			errs = append(errs, fmt.Errorf("tokens[%d]: name: %q is another token's name too", i, token.Name))
		}
		named[token.Name] = true
	}
	return errors.Join(errs...)
}

func (c *Config) validateUnix() error {
	var errs []error
	endpoint := c.HTTP.NetAddr.Endpoint
	if !filepath.IsAbs(endpoint) || filepath.Clean(endpoint) != endpoint || strings.ContainsRune(endpoint, 0) {
		errs = append(errs, fmt.Errorf("endpoint: %q is not the absolute path of a socket in its shortest form; the default is %s; for an address, set transport to \"tcp\"", endpoint, endpointDefault))
	}
	if len(endpoint) > socketPathBytesMax {
		errs = append(errs, fmt.Errorf("endpoint: %d bytes are more than %d, which is what the kernel takes as the path of a socket", len(endpoint), socketPathBytesMax))
	}
	if _, err := parseSocketMode(c.SocketMode); err != nil {
		errs = append(errs, fmt.Errorf("socket_mode: %w", err))
	}
	const known = "a Unix socket knows its callers by their user ids; remove it, or set transport to \"tcp\""
	for key, is := range map[string]bool{
		"tls": c.HTTP.TLS.HasValue(), "auth": c.HTTP.Auth.HasValue(), "tokens": len(c.Tokens) > 0, "client_certificates": c.byCertificate(),
	} {
		if is {
			errs = append(errs, fmt.Errorf("%s: %s", key, known))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// parseSocketMode reads permissions. Only reading and writing mean anything on a socket, and its owner needs both.
func parseSocketMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode&^0o666 != 0 || mode&0o600 != 0o600 {
		return 0, fmt.Errorf("%q is not an octal number from \"0600\" to \"0666\" of permissions to read and write; the default is %q", text, socketModeDefault)
	}
	return fs.FileMode(mode), nil
}

func (c *Config) validateTCP() error {
	var errs []error
	endpoint := c.HTTP.NetAddr.Endpoint
	host, port, err := net.SplitHostPort(endpoint)
	if number, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strconv.FormatUint(number, 10) != port {
		return fmt.Errorf("endpoint: %q is not an address with a port, such as \"127.0.0.1:9470\"", endpoint)
	}
	if !c.HTTP.TLS.HasValue() && !isLoopback(host) {
		errs = append(errs, fmt.Errorf("endpoint: %q can be reached from other machines, and is not encrypted; set tls, or take an address such as \"127.0.0.1:%s\"", endpoint, port))
	}
	for key, value := range map[string]string{"socket_group": c.SocketGroup, "operator_group": c.OperatorGroup} {
		if value != "" {
			errs = append(errs, fmt.Errorf("%s: %q is for a Unix socket; remove it, or set transport to \"unix\"", key, value))
		}
	}
	if c.byGeneratedToken() && (!filepath.IsAbs(c.GeneratedTokenFile) || filepath.Clean(c.GeneratedTokenFile) != c.GeneratedTokenFile) {
		errs = append(errs, fmt.Errorf("generated_token_file: %q is not an absolute path in its shortest form; the default is %s", c.GeneratedTokenFile, generatedTokenFileDefault))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (c *Config) validateCertificates() error {
	tls := c.HTTP.TLS.Get()
	if c.byCertificate() && (tls == nil || tls.ClientCAFile == "") {
		return errors.New("client_certificates: nobody vouches for certificates; set tls: client_ca_file")
	}
	for key, list := range map[string][]string{"operators": c.ClientCertificates.Operators, "viewers": c.ClientCertificates.Viewers} {
		if slices.Contains(list, "") {
			return fmt.Errorf("client_certificates: %s: an empty name is no name; \"*\" stands for every certificate", key)
		}
	}
	return nil
}

// isLoopback tells whether a host can only be this machine. Names other than localhost are not looked up: what they
// stand for may change.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// hostOf takes the port off a host, and the brackets.
func hostOf(hostPort string) string {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// canonicalOrigin is an origin in the form that browsers send, empty if it is none.
func canonicalOrigin(origin string) string {
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return ""
	}
	host := strings.ToLower(parsed.Host)
	if port := parsed.Port(); (parsed.Scheme == "http" && port == "80") || (parsed.Scheme == "https" && port == "443") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return parsed.Scheme + "://" + host
}

// Validate implements confmap.Validator.
func (c *TokenConfig) Validate() error {
	var errs []error
	if c.Name == "" {
		errs = append(errs, errors.New("name: empty; it stands in the log and in events for who changed something"))
	}
	if c.Role != RoleViewer && c.Role != RoleOperator {
		errs = append(errs, fmt.Errorf("role: %q is neither %q nor %q", c.Role, RoleViewer, RoleOperator))
	}
	switch {
	case (c.Token == "") == (c.TokenFile == ""):
		errs = append(errs, errors.New("token: exactly one of token and token_file has to be set"))
	case c.TokenFile != "" && !filepath.IsAbs(c.TokenFile):
		errs = append(errs, fmt.Errorf("token_file: %q is not an absolute path", c.TokenFile))
	case c.Token != "":
		if err := checkToken(string(c.Token)); err != nil {
			errs = append(errs, fmt.Errorf("token: %w", err))
		}
	}
	return errors.Join(errs...)
}

// checkToken says what is wrong with a token, without saying the token.
func checkToken(token string) error {
	if len(token) < tokenBytesMin || len(token) > tokenFileBytesMax {
		return fmt.Errorf("%d bytes are not from %d to %d; `openssl rand -hex 32` makes a good one", len(token), tokenBytesMin, tokenFileBytesMax)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("it has characters that can't be sent in a header; `openssl rand -hex 32` makes a good one")
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *AuthRolesConfig) Validate() error {
	var errs []error
	if c.Default != RoleNone && c.Default != RoleViewer && c.Default != RoleOperator {
		errs = append(errs, fmt.Errorf("default: %q is none of %q, %q and %q", c.Default, RoleNone, RoleViewer, RoleOperator))
	}
	if c.Attribute == "" && len(c.Operators)+len(c.Viewers) > 0 {
		errs = append(errs, errors.New("attribute: empty; name the attribute whose values operators and viewers list, such as \"groups\""))
	}
	return errors.Join(errs...)
}
