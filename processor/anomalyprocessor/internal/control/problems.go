// SPDX-License-Identifier: Apache-2.0

package control

import (
	"fmt"
	"net/http"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// NoProfile is the answer when there is none of that id.
func NoProfile(id string) error {
	return controlapi.NotFound(fmt.Sprintf("no profile has the id %q; GET /v1/profiles lists them", id))
}

// NoIncident is the answer when there is none of that id, or none any more.
func NoIncident(id string) error {
	return controlapi.NotFound(fmt.Sprintf("no incident has the id %q, or it was forgotten; GET /v1/incidents lists those that are known", id))
}

// NoRule is the answer when there is none of that id.
func NoRule(id string) error {
	return controlapi.NotFound(fmt.Sprintf("no rule has the id %q; GET /v1/rules lists them", id))
}

// BadPage is the answer to a place in a list that can't be.
func BadPage(after string) error {
	return controlapi.BadRequest(fmt.Sprintf("after: %q is no \"next\" of a page of this list", after))
}

// Damaged is the answer to an import that is no whole profile.
func Damaged(err error) error {
	return &controlapi.Problem{
		Status: http.StatusUnprocessableEntity, Code: "profile_damaged", Title: "This is no whole profile; nothing was changed", Detail: err.Error(),
	}
}

// OtherVersion is the answer to an import of a profile that another release has written.
func OtherVersion(err error) error {
	return &controlapi.Problem{
		Status: http.StatusUnprocessableEntity, Code: "profile_version", Title: "This profile is of another release; nothing was changed",
		Detail: err.Error(),
	}
}

// RulesKept is the answer when rules were read again and not taken into use.
func RulesKept(err error) error {
	return &controlapi.Problem{
		Status: http.StatusConflict, Code: "rules_kept", Title: "The rules that there were are still in use", Detail: err.Error(),
	}
}

// Part is the answer to a verdict on what has turned out to be a part of another incident.
func Part(of string) error {
	return &controlapi.Problem{
		Status: http.StatusConflict, Code: "part_of_another", Title: "This incident has turned out to be a part of another one",
		Detail: fmt.Sprintf("say what the incident %s is; this one consists of nothing any more", of),
	}
}

// NoRoom is the answer when one more would be too many.
func NoRoom(err error) error {
	return &controlapi.Problem{Status: http.StatusConflict, Code: "no_room", Title: "There is no room for one more; nothing was changed", Detail: err.Error()}
}

// NoPolicy is the answer to a kind of policy that there is not.
func NoPolicy(err error) error { return controlapi.NotFound(err.Error()) }

// PolicyRefused is the answer when a policy can't be made of what is known.
func PolicyRefused(err error) error {
	return &controlapi.Problem{
		Status: http.StatusConflict, Code: "policy_refused", Title: "Too little is known for this policy", Detail: err.Error(),
	}
}
