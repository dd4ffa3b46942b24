// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// Record implements controlapi.Server.
func (s *server) Record(c controlapi.Change) {
	kind, _, _ := strings.Cut(c.Subject, "/")
	add(s.telemetry.changes,
		attribute.String(names.Action, c.Action),
		attribute.String(names.Subject, kind),
		attribute.String(names.Role, c.Caller.Role.String()))
	cut := false
	field := func(name, value string) zap.Field {
		if len(value) > changeLogBytesMax {
			value, cut = strings.ToValidUTF8(value[:changeLogBytesMax], ""), true
		}
		return zap.String(name, value)
	}
	fields := []zap.Field{
		field(names.UserName, c.Caller.Name),
		zap.String(names.ControlRole, c.Caller.Role.String()),
		zap.String(names.ControlVia, c.Caller.Via),
		zap.String(names.ClientAddress, c.Caller.Address),
		zap.String(names.ControlAction, c.Action),
		field(names.ControlSubject, c.Subject),
		field(names.ControlFrom, c.From),
		field(names.ControlTo, c.To),
	}
	if cut {
		add(s.telemetry.changesCut)
		fields = append(fields, zap.Bool("cut", true))
	}
	s.logger.Info("Something was changed over the control API", fields...)
}
