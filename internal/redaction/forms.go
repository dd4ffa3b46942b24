// SPDX-License-Identifier: Apache-2.0

package redaction

import (
	"regexp"
	"strings"
)

// urlPassword is that of scheme://user:password@host.
var urlPassword = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\s:@]*):[^/?#\s]*@`)

// URLPasswords returns a text with the passwords in its URLs replaced.
func URLPasswords(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return urlPassword.ReplaceAllString(text, "${1}:"+Redacted+"@")
}

// form is how a kind of secret looks, wherever it stands.
type form struct {
	// start is text that each such secret has. To look for it first is a hundred times as fast as the pattern.
	start   string
	pattern *regexp.Regexp
}

// forms are those of tokens that were given a prefix in order to be found where they should not be.
var forms = []form{
	{"AKIA", regexp.MustCompile(`\bAKIA[A-Z0-9]{16}\b`)}, // Amazon Web Services, of a user
	{"ASIA", regexp.MustCompile(`\bASIA[A-Z0-9]{16}\b`)}, // and of a session
	{"gh", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{20,}`)},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{20,}`)},
	{"glpat-", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{16,}`)},
	{"xox", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)}, // Slack
	{"sk-", regexp.MustCompile(`\bsk-[A-Za-z0-9_-]{16,}`)},        // OpenAI and its kind
	{"AIza", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{30,}`)},      // Google
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,}`)},
	{"PRIVATE KEY-----", regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)},
}

// Forms returns a text with the secrets replaced that are known by their form alone: tokens of well-known services, JSON Web Tokens
// (RFC 7519) and private keys (RFC 7468).
func Forms(text string) string {
	for i := range forms {
		if strings.Contains(text, forms[i].start) {
			text = forms[i].pattern.ReplaceAllString(text, Redacted)
		}
	}
	return text
}
