// SPDX-License-Identifier: Apache-2.0

package record

const (
	// textBytesMax is how long a text is at most that is read; a longer one is as good as none.
	textBytesMax = 4096
	// argumentsMax is how many arguments are read; further ones are left out.
	argumentsMax = 1024
	// nameBytesMax bounds each part of a workload's key.
	nameBytesMax = 256
	// joinedMax bounds the texts that a Reader has put together and keeps, so that it need not do it again; beyond it, it forgets them all.
	joinedMax = 1024
	// commandsMax and commandsBytesMax bound a generation of command lines that are remembered, of which there are two; commandBytesMax each one.
	commandsMax      = 8192
	commandsBytesMax = 2 << 20
	commandBytesMax  = 2048
	// ephemeralPort is the first port that the kernel chooses by itself: ip_local_port_range.
	ephemeralPort = 32768
)
