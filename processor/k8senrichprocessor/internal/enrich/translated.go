// SPDX-License-Identifier: Apache-2.0

package enrich

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// WriteTranslated adds to the record of a client how the server sees the connection, if addresses are translated on the way: by that the records of
// both ends can be found to be of one connection, on whichever nodes they were made.
func (c *Connection) WriteTranslated(record pcommon.Map) {
	if !c.clientSide || !c.otherClient.IsValid() || !c.otherServer.IsValid() {
		return
	}
	w := writer{record}
	w.text(names.PeerSeesClient, c.otherClient.String())
	w.text(names.PeerSeesServer, c.otherServer.String())
}
