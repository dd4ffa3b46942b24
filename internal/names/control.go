// SPDX-License-Identifier: Apache-2.0

package names

// EventControlChanged is the event of a change that somebody made over the control API.
const EventControlChanged = "meerkat.control.changed"

// Attributes of changes. The address of who made it is ClientAddress.
const (
	UserName       = "user.name"
	ControlRole    = "meerkat.control.role"
	ControlVia     = "meerkat.control.via"
	ControlAction  = "meerkat.control.action"
	ControlSubject = "meerkat.control.subject"
	ControlFrom    = "meerkat.control.from"
	ControlTo      = "meerkat.control.to"
)

// ControlEvents describes the events of the control API. They are made by the component that is changed.
func ControlEvents() []Event {
	return []Event{
		{EventControlChanged, "Somebody changed over the control API what a component does.", []string{
			UserName, ControlRole, ControlVia, ControlAction, ControlSubject, ControlFrom, ControlTo, ClientAddress,
		}},
	}
}

// ControlAttributes describes the attributes of the control API's events.
func ControlAttributes() []Attribute {
	return []Attribute{
		{UserName, String, "Who changed it: the name or id of a user of this host, the common name of a certificate, or the name of a token."},
		{ControlRole, String, "Role of who changed it: `operator`."},
		{ControlVia, String, "How they were recognised: `unix_socket`, `token`, `client_certificate` or `extension`."},
		{ControlAction, String, "What was done: `enable`, `disable`, `set`, `reset`, `upload`, `delete`, `import`, `reload`, or `judge` for a verdict on an incident."},
		{ControlSubject, String, "What it was done to, such as `tracer/file` or `profile/shop/deployment/web/app`."},
		{ControlFrom, String, "What it was before, as JSON. Absent where there was nothing."},
		{ControlTo, String, "What it is now, as JSON. Absent where there is nothing."},
		{ClientAddress, String, "Address that the request came from. Absent for a Unix socket."},
	}
}

// Attributes of the control API's metrics about itself, besides Reason.
const (
	Route  = "route"
	Status = "status"
	Action = "action"
	// Subject is the first part of what was changed: numbers and names of single things would make a series each.
	Subject = "subject"
	Role    = "role"
)

// ControlMetricAttributes describes the attributes of the control API's metrics about itself.
func ControlMetricAttributes() []Attribute {
	return []Attribute{
		{Route, String, "Method and path of the route, as it was mounted. `none` for requests that led to no route."},
		{Status, Int, "Status of the answer."},
		{Action, String, "What was done: `enable`, `disable`, `set`, `reset`, `upload`, `delete`, `import`, `reload`, or `judge` for a verdict on an incident."},
		{Subject, String, "Kind of what it was done to: the part of the subject before the slash."},
		{Role, String, "Role of the caller: `viewer` or `operator`."},
		{Reason, String, "Of a request that was refused, the `code` of the answer; `unreadable` for what is no request, or was too large or too slow to be read as one. Of a connection `no_room`, `reserved` (the last ones are kept for operators) or `peer_unknown`."},
	}
}

// ControlRequests counts requests by what became of them.
func ControlRequests() Metric {
	return Metric{"otelcol.control_api.requests", "{request}", "Requests that were answered, by route and status.", []string{Route, Status}}
}

// ControlRefused counts requests that the server itself refused.
func ControlRefused() Metric {
	return Metric{"otelcol.control_api.requests.refused", "{request}", "Requests that no handler has seen, or of which it could not read the whole body.", []string{Reason}}
}

// ControlRequestsInFlight is the number of requests that are being answered.
func ControlRequestsInFlight() Metric {
	return Metric{"otelcol.control_api.requests.in_flight", "{request}", "Requests that are being answered, streams included.", nil}
}

// ControlConnections is the number of connections.
func ControlConnections() Metric {
	return Metric{"otelcol.control_api.connections", "{connection}", "Connections that are open.", nil}
}

// ControlConnectionsRefused counts connections that were closed at once.
func ControlConnectionsRefused() Metric {
	return Metric{"otelcol.control_api.connections.refused", "{connection}", "Connections that were closed without being read from.", []string{Reason}}
}

// ControlAddressesUntracked counts failures to authenticate of addresses for which there was no room.
func ControlAddressesUntracked() Metric {
	return Metric{"otelcol.control_api.addresses.untracked", "{attempt}", "Failed attempts to authenticate from addresses that share one limit, because too many addresses failed lately.", nil}
}

// ControlPanics counts panics of handlers.
func ControlPanics() Metric {
	return Metric{"otelcol.control_api.panics", "{panic}", "Handlers that failed in a way that nobody has foreseen.", []string{Route}}
}

// ControlChanges counts changes.
func ControlChanges() Metric {
	return Metric{"otelcol.control_api.changes", "{change}", "Changes that were made over the API.", []string{Action, Subject, Role}}
}

// ControlChangesCut counts changes that were logged in part.
func ControlChangesCut() Metric {
	return Metric{"otelcol.control_api.changes.cut", "{change}", "Changes with a part that is longer than its limit in the log.", nil}
}

// ControlUnmountsLate counts components that went before their requests were answered.
func ControlUnmountsLate() Metric {
	return Metric{"otelcol.control_api.unmounts.late", "{mount}", "Components that went while requests to them were still being answered.", nil}
}

// ControlMetrics describes all metrics of the control API about itself.
func ControlMetrics() []Metric {
	return []Metric{
		ControlRequests(),
		ControlRefused(),
		ControlRequestsInFlight(),
		ControlConnections(),
		ControlConnectionsRefused(),
		ControlAddressesUntracked(),
		ControlPanics(),
		ControlChanges(),
		ControlChangesCut(),
		ControlUnmountsLate(),
	}
}
