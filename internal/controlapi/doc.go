// SPDX-License-Identifier: Apache-2.0

// Package controlapi is what the server of the control API and the components that mount handlers on it
// agree on: routes, roles, callers, changes, and the shape of answers.
//
// It never listens, never decides who somebody is, and keeps nothing between requests.
package controlapi
