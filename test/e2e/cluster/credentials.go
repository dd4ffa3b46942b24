// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// adminUser may do everything.
const adminUser = "admin"

// users are who proves itself with a token, with the groups that they are in. What they may do is said by the
// API server's own roles and its authorizer for nodes.
func users() map[string]struct{ user, group string } {
	return map[string]struct{ user, group string }{
		adminUser:         {adminUser, "system:masters"},
		controllerManager: {"system:kube-controller-manager", ""},
		schedulerName:     {"system:kube-scheduler", ""},
		proxyName:         {"system:kube-proxy", ""},
		kubeletName:       {"system:node:" + NodeName, "system:nodes"},
	}
}

// credentials are the paths of keys and certificates, made anew for each cluster.
type credentials struct {
	folder string
	server string // URL
	// authority is the certificate that all others are signed by.
	authority string
	// tokens by name of the user's component.
	tokens map[string]string
}

func (c credentials) path(name string) string       { return filepath.Join(c.folder, name) }
func (c credentials) kubeconfig(user string) string { return c.path(user + ".kubeconfig") }
func (c credentials) pair(name string) (certificate, key string) {
	return c.path(name + ".crt"), c.path(name + ".key")
}

// Names of what is made.
const (
	servingPair    = "serving"
	apiClientPair  = "api-client"
	serviceKey     = "service-accounts"
	tokenFile      = "tokens.csv"
	validity       = 24 * time.Hour
	clockTolerance = time.Hour
)

func makeCredentials(state string) (credentials, error) {
	c := credentials{folder: filepath.Join(state, "credentials"), tokens: map[string]string{}}
	c.authority, _ = c.pair("authority")
	c.server = "https://" + net.JoinHostPort(NodeAddress.String(), decimal(apiPort))
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return c, err
	}
	signer := &x509.Certificate{
		Subject: pkix.Name{CommonName: "meerkat-e2e"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signerKey, err := c.make("authority", signer, signer, nil)
	if err != nil {
		return c, err
	}
	serving := &x509.Certificate{
		Subject:     pkix.Name{CommonName: NodeName},
		DNSNames:    []string{NodeName, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: []net.IP{NodeAddress.AsSlice(), ServiceOfAPI.AsSlice(), net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	apiClient := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for name, template := range map[string]*x509.Certificate{
		servingPair: serving, apiClientPair: apiClient, serviceKey: {Subject: pkix.Name{CommonName: serviceKey}},
	} {
		template.KeyUsage = x509.KeyUsageDigitalSignature
		if _, err := c.make(name, template, signer, signerKey); err != nil {
			return c, err
		}
	}
	return c, c.makeTokens()
}

// make writes a key and a certificate that a signer signs, itself if it has no key yet.
func (c credentials) make(name string, template, signer *x509.Certificate, signerKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if signerKey == nil {
		signerKey = key
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64)); err != nil {
		return nil, err
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-clockTolerance), time.Now().Add(validity)
	signed, err := x509.CreateCertificate(rand.Reader, template, signer, key.Public(), signerKey)
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificatePath, keyPath := c.pair(name)
	if err := writePEM(certificatePath, "CERTIFICATE", signed); err != nil {
		return nil, err
	}
	return key, writePEM(keyPath, "PRIVATE KEY", encoded)
}

func writePEM(path, kind string, content []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}

// kubeconfig is the configuration of a client.
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "%s", certificate-authority: "%s"}}]
users: [{name: e2e, user: {token: "%s"}}]
contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}]
current-context: e2e
`

func (c credentials) makeTokens() error {
	var table strings.Builder
	for name, who := range users() {
		c.tokens[name] = rand.Text()
		fmt.Fprintf(&table, "%s,%s,%s,%q\n", c.tokens[name], who.user, name, who.group)
		content := fmt.Sprintf(kubeconfig, c.server, c.authority, c.tokens[name])
		if err := os.WriteFile(c.kubeconfig(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(c.path(tokenFile), []byte(table.String()), 0o600)
}
