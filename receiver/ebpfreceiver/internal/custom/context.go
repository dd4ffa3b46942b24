// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"

	"github.com/cilium/ebpf/asm"
)

// registers are a set of them, one bit each.
type registers uint16

func (set registers) has(r asm.Register) bool { return set&(1<<r) != 0 }

func (set *registers) put(r asm.Register, in bool) {
	*set &^= 1 << r
	if in {
		*set |= 1 << r
	}
}

// knowledge is where the context of a program, its first argument, may be at one instruction.
type knowledge struct {
	// context may be in these registers.
	context registers
	// frames are registers that may point to a stack.
	frames registers
	// slots of the stack may hold the context: 8 bytes each, from the frame pointer down.
	slots uint64
}

const (
	stackSlotBytes = 8
	stackSlots     = 64 // 512 bytes
	// arguments are those of a call, and clobbered what it leaves nothing in.
	arguments = registers(1<<asm.R1 | 1<<asm.R2 | 1<<asm.R3 | 1<<asm.R4 | 1<<asm.R5)
	clobbered = arguments | 1<<asm.R0
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
	// spilled tells that the context lies on a stack, aliased that it was put there by way of another register than
	// the frame pointer, and framed that pointers to a stack lie somewhere.
	spilled, aliased, framed bool
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
		spilled, aliased, framed := w.spilled, w.aliased, w.framed
		if err := w.walk(); err != nil {
			return err
		}
		if spilled == w.spilled && aliased == w.aliased && framed == w.framed {
			return nil
		}
	}
}

func (w *contextWalk) walk() error {
	w.known, w.reached = make([]knowledge, len(w.code)), make([]bool, len(w.code))
	w.enter(0, knowledge{context: 1 << asm.R1})
	// Callbacks get pointers to stacks at most.
	for i := range w.code {
		if w.code[i].IsLoadOfFunctionPointer() {
			if function, ok := w.functions[w.code[i].Reference()]; ok {
				w.enter(function, knowledge{frames: arguments})
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
	before := w.known[i]
	merged := knowledge{before.context | k.context, before.frames | k.frames | 1<<asm.R10, before.slots | k.slots}
	if w.reached[i] && merged == before {
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
		if k.context.has(ins.Dst) {
			return located(ins, i, errors.New("it stores through its context, which changes the registers of the process, "+
				"and custom tracers observe: copy what you need"))
		}
		if ins.OpCode.Class() == asm.StXClass {
			w.store(ins, &k)
		}
	case asm.LdXClass:
		w.load(ins, &k)
	case asm.LdClass:
		k.context.put(ins.Dst, false)
		k.frames.put(ins.Dst, false)
	case asm.ALU64Class, asm.ALUClass:
		fromRegister := ins.OpCode.Source() == asm.RegSource
		keeps := ins.OpCode.ALUOp() != asm.Mov
		k.context.put(ins.Dst, keeps && k.context.has(ins.Dst) || fromRegister && k.context.has(ins.Src))
		k.frames.put(ins.Dst, keeps && k.frames.has(ins.Dst) || fromRegister && k.frames.has(ins.Src))
	case asm.JumpClass, asm.Jump32Class:
		w.branch(i, k)
		return nil
	}
	w.enter(i+1, k)
	return nil
}

// store notes where on the stack the context is put.
func (w *contextWalk) store(ins *asm.Instruction, k *knowledge) {
	w.framed = w.framed || k.frames.has(ins.Src)
	slot, onStack := slotOf(ins.Dst, ins.Offset)
	switch {
	case onStack && k.context.has(ins.Src):
		k.slots |= 1 << slot
		w.spilled = true
	case onStack:
		k.slots &^= 1 << slot
	case k.context.has(ins.Src):
		w.spilled, w.aliased = true, true
	}
}

// load finds out whether what is loaded may be the context, or point to a stack. Neither can lie elsewhere than on
// a stack.
func (w *contextWalk) load(ins *asm.Instruction, k *knowledge) {
	slot, onStack := slotOf(ins.Src, ins.Offset)
	whole := ins.OpCode.Size() == asm.DWord && k.frames.has(ins.Src)
	context := w.spilled
	if onStack {
		context = w.aliased || k.slots&(1<<slot) != 0
	}
	k.context.put(ins.Dst, whole && context)
	k.frames.put(ins.Dst, whole && w.framed)
}

func slotOf(base asm.Register, offset int16) (slot uint, onStack bool) {
	if base != asm.R10 || offset >= 0 || offset < -stackSlotBytes*stackSlots {
		return 0, false
	}
	return uint(-offset-1) / stackSlotBytes, true
}

func (w *contextWalk) branch(i int, k knowledge) {
	ins := &w.code[i]
	switch ins.OpCode.JumpOp() {
	case asm.Exit:
	case asm.Call:
		handed := knowledge{context: k.context & arguments, frames: k.frames & arguments}
		if function, ok := w.functions[ins.Reference()]; ok && ins.IsFunctionCall() {
			w.enter(function, handed)
		}
		k.context &^= clobbered
		k.frames &^= clobbered
		// A function may give back what it was handed.
		k.context.put(asm.R0, ins.IsFunctionCall() && handed.context != 0)
		k.frames.put(asm.R0, ins.IsFunctionCall() && handed.frames != 0)
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
}
