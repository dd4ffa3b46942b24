// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"

	"github.com/cilium/ebpf/asm"
)

// knowledge is where the context of a program, its first argument, may be at one instruction.
type knowledge struct {
	registers uint16 // one bit each
	slots     uint64 // of the stack, 8 bytes each, from the frame pointer down
}

func (k knowledge) has(r asm.Register) bool { return k.registers&(1<<r) != 0 }

func (k *knowledge) set(r asm.Register, to bool) {
	k.registers &^= 1 << r
	if to {
		k.registers |= 1 << r
	}
}

const (
	stackSlotBytes = 8
	stackSlots     = 64 // 512 bytes
	argumentsMax   = 5
)

// contextWalk follows the context through a program and the functions that it calls, and is rather too careful
// than not: what it takes for the context may be something else.
type contextWalk struct {
	code []asm.Instruction
	// at is the index of each instruction by its raw offset, raw the other way round.
	at  map[int64]int
	raw []int64
	// functions are the indices of their first instructions.
	functions map[string]int
	known     []knowledge
	reached   []bool
	todo      []int
	// spilled tells that the context lies on a stack, aliased that it was put there by way of another register.
	spilled, aliased bool
}

// checkContext refuses programs that store through their context: from 6.18 on those of uprobes may change the
// registers of the process so.
func checkContext(code asm.Instructions) error {
	w := &contextWalk{code: code, at: map[int64]int{}, functions: map[string]int{}}
	raw := int64(0)
	for i := range code {
		w.at[raw] = i
		w.raw = append(w.raw, raw)
		raw += int64(code[i].Width())
		if symbol := code[i].Symbol(); symbol != "" {
			w.functions[symbol] = i
		}
	}
	// Where the context was spilled to is found out on the way, and then concerns what has been seen before.
	for {
		spilled, aliased := w.spilled, w.aliased
		if err := w.walk(); err != nil {
			return err
		}
		if spilled == w.spilled && aliased == w.aliased {
			return nil
		}
	}
}

func (w *contextWalk) walk() error {
	w.known, w.reached = make([]knowledge, len(w.code)), make([]bool, len(w.code))
	w.enter(0, knowledge{registers: 1 << asm.R1})
	// Callbacks get pointers to stacks at most.
	for i := range w.code {
		if w.code[i].IsLoadOfFunctionPointer() {
			if function, ok := w.functions[w.code[i].Reference()]; ok {
				w.enter(function, knowledge{})
			}
		}
	}
	for len(w.todo) > 0 {
		i := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if err := w.step(i); err != nil {
			return err
		}
	}
	return nil
}

// enter adds what is known at an instruction, and looks at it again if that is new.
func (w *contextWalk) enter(i int, k knowledge) {
	if i >= len(w.code) {
		return
	}
	merged := knowledge{w.known[i].registers | k.registers, w.known[i].slots | k.slots}
	if w.reached[i] && merged == w.known[i] {
		return
	}
	w.known[i], w.reached[i] = merged, true
	w.todo = append(w.todo, i)
}

func (w *contextWalk) jump(i int, offset int64, k knowledge) {
	if target, ok := w.at[w.raw[i]+int64(w.code[i].Width())+offset]; ok {
		w.enter(target, k)
	}
}

func (w *contextWalk) step(i int) error {
	ins, k := &w.code[i], w.known[i]
	switch ins.OpCode.Class() {
	case asm.StClass, asm.StXClass:
		if k.has(ins.Dst) {
			return located(ins, i, errors.New("it stores through its context, which changes the registers of the process, "+
				"and custom tracers observe: copy what you need"))
		}
		if ins.OpCode.Class() == asm.StXClass {
			w.store(ins, &k)
		}
	case asm.LdXClass:
		k.set(ins.Dst, w.loads(ins, k))
	case asm.LdClass:
		k.set(ins.Dst, false)
	case asm.ALU64Class, asm.ALUClass:
		fromContext := ins.OpCode.Source() == asm.RegSource && k.has(ins.Src)
		if ins.OpCode.ALUOp() == asm.Mov {
			k.set(ins.Dst, fromContext)
		} else {
			k.set(ins.Dst, k.has(ins.Dst) || fromContext)
		}
	case asm.JumpClass, asm.Jump32Class:
		return w.branch(i, k)
	}
	w.enter(i+1, k)
	return nil
}

// store notes where on the stack the context is put.
func (w *contextWalk) store(ins *asm.Instruction, k *knowledge) {
	slot, onStack := slotOf(ins.Dst, ins.Offset)
	switch {
	case onStack && k.has(ins.Src):
		k.slots |= 1 << slot
		w.spilled = true
	case onStack:
		k.slots &^= 1 << slot
	case k.has(ins.Src):
		w.spilled, w.aliased = true, true
	}
}

// loads tells whether what is loaded may be the context.
func (w *contextWalk) loads(ins *asm.Instruction, k knowledge) bool {
	switch slot, onStack := slotOf(ins.Src, ins.Offset); {
	case ins.OpCode.Size() != asm.DWord, k.has(ins.Src):
		return false
	case onStack:
		return w.aliased || k.slots&(1<<slot) != 0
	default:
		return w.spilled
	}
}

func slotOf(base asm.Register, offset int16) (slot uint, onStack bool) {
	if base != asm.R10 || offset >= 0 || offset < -stackSlotBytes*stackSlots {
		return 0, false
	}
	return uint(-offset-1) / stackSlotBytes, true
}

func (w *contextWalk) branch(i int, k knowledge) error {
	ins := &w.code[i]
	switch ins.OpCode.JumpOp() {
	case asm.Exit:
		return nil
	case asm.Call:
		handed := k.registers & (1<<(argumentsMax+1) - 2)
		if function, ok := w.functions[ins.Reference()]; ok && ins.IsFunctionCall() {
			w.enter(function, knowledge{registers: handed})
		}
		k.registers &^= 1<<(argumentsMax+1) - 1
		// A function may give back what it was handed.
		k.set(asm.R0, ins.IsFunctionCall() && handed != 0)
		w.enter(i+1, k)
	case asm.Ja:
		offset := int64(ins.Offset)
		if ins.OpCode.Class() == asm.Jump32Class {
			offset = ins.Constant
		}
		w.jump(i, offset, k)
	default:
		w.jump(i, int64(ins.Offset), k)
		w.enter(i+1, k)
	}
	return nil
}
