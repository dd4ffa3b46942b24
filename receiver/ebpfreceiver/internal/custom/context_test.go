// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"slices"
	"testing"

	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/assert"
)

func TestContext_whatIsStored(t *testing.T) {
	end := asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	for name, test := range map[string]struct {
		code   asm.Instructions
		refuse bool
	}{
		"at once":    {asm.Instructions{asm.StoreMem(asm.R1, 80, asm.R2, asm.DWord)}, true},
		"a constant": {asm.Instructions{asm.StoreImm(asm.R1, 80, 0, asm.Word)}, true},
		"by a copy":  {asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1), asm.Add.Imm(asm.R6, 8), asm.StoreMem(asm.R6, 0, asm.R2, asm.DWord)}, true},
		"by a sum":   {asm.Instructions{asm.Mov.Imm(asm.R6, 8), asm.Add.Reg(asm.R6, asm.R1), asm.StoreMem(asm.R6, 0, asm.R2, asm.DWord)}, true},
		"from the stack": {asm.Instructions{asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord), asm.Mov.Imm(asm.R1, 0),
			asm.LoadMem(asm.R3, asm.R10, -8, asm.DWord), asm.StoreMem(asm.R3, 0, asm.R2, asm.DWord)}, true},
		"from the stack by another register": {asm.Instructions{asm.Mov.Reg(asm.R7, asm.R10), asm.Add.Imm(asm.R7, -16), asm.StoreMem(asm.R7, 8, asm.R1, asm.DWord),
			asm.LoadMem(asm.R3, asm.R10, -8, asm.DWord), asm.StoreMem(asm.R3, 0, asm.R2, asm.DWord)}, true},
		"from the stack of a caller": {asm.Instructions{asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord), asm.Mov.Reg(asm.R1, asm.R10), asm.Add.Imm(asm.R1, -8),
			asm.Call.Label("callee"), asm.Mov.Imm(asm.R0, 0), asm.Return(),
			asm.LoadMem(asm.R3, asm.R1, 0, asm.DWord).WithSymbol("callee"), asm.StoreImm(asm.R3, 0, 1, asm.Word)}, true},
		"by a pointer to a pointer": {asm.Instructions{asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord), asm.Mov.Reg(asm.R2, asm.R10), asm.Add.Imm(asm.R2, -8),
			asm.StoreMem(asm.R10, -16, asm.R2, asm.DWord), asm.LoadMem(asm.R3, asm.R10, -16, asm.DWord), asm.LoadMem(asm.R4, asm.R3, 0, asm.DWord),
			asm.StoreImm(asm.R4, 0, 1, asm.Word)}, true},
		"behind a branch": {asm.Instructions{asm.Mov.Imm(asm.R3, 0), asm.JEq.Imm(asm.R2, 0, "other"), asm.Mov.Reg(asm.R3, asm.R1),
			asm.StoreImm(asm.R3, 0, 1, asm.Word).WithSymbol("other")}, true},

		"it is read": {asm.Instructions{asm.LoadMem(asm.R2, asm.R1, 80, asm.DWord), asm.StoreMem(asm.R10, -8, asm.R2, asm.DWord)}, false},
		"it is kept": {asm.Instructions{asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord)}, false},
		"another value": {asm.Instructions{asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord), asm.FnMapLookupElem.Call(),
			asm.LoadMem(asm.R2, asm.R0, 8, asm.DWord), asm.Mov.Reg(asm.R3, asm.R0), asm.Add.Reg(asm.R3, asm.R2), asm.StoreImm(asm.R3, 0, 1, asm.Byte)}, false},
		"the register is used anew": {asm.Instructions{asm.Mov.Reg(asm.R1, asm.R10), asm.StoreImm(asm.R1, -8, 1, asm.Word)}, false},
		"the slot is used anew": {asm.Instructions{asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord), asm.StoreMem(asm.R10, -8, asm.R10, asm.DWord),
			asm.LoadMem(asm.R3, asm.R10, -8, asm.DWord), asm.StoreImm(asm.R3, -16, 1, asm.Word)}, false},
	} {
		code := slices.Concat(test.code, end)
		resolve(code)
		err := checkContext(code)
		if test.refuse {
			assert.ErrorContains(t, err, "it stores through its context", name)
		} else {
			assert.NoError(t, err, name)
		}
	}
}

// resolve sets the offsets of jumps, as they are in objects; calls are by name there too.
func resolve(code asm.Instructions) {
	at := map[string]int16{}
	var raw int16
	for _, ins := range code {
		if ins.Symbol() != "" {
			at[ins.Symbol()] = raw
		}
		raw += int16(ins.Width())
	}
	raw = 0
	for i := range code {
		raw += int16(code[i].Width())
		if code[i].Reference() != "" && !code[i].IsFunctionCall() {
			code[i].Offset = at[code[i].Reference()] - raw
		}
	}
}
