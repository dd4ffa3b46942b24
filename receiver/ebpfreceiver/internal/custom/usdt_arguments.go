// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Where an argument is, as usdt.bpf.h numbers it.
const (
	argumentConstant   = 0
	argumentRegister   = 1
	argumentAtRegister = 2
)

const (
	usdtArgumentsMax      = 12
	usdtArgumentBytes     = 16
	usdtArgumentCountAt   = 200
	registerBytes         = 8
	arm64StackPointerAt   = 31 * registerBytes
	arm64RegistersOfUsers = 31
)

// usdtArgument says where a value is when a program reaches a site.
type usdtArgument struct {
	kind     uint32
	constant int64 // or what is added to the register
	register int16 // offset in struct pt_regs
	signed   bool
	bytes    int
}

// usdtSpec makes a struct __bpf_usdt_spec of the arguments in a note.
func usdtSpec(arguments, architecture string) ([]byte, error) {
	fields := splitArguments(arguments)
	if len(fields) > usdtArgumentsMax {
		return nil, fmt.Errorf("the probe has %d arguments, and may have %d", len(fields), usdtArgumentsMax)
	}
	spec := make([]byte, usdtSpecBytes)
	for i, field := range fields {
		argument, err := parseArgument(field, architecture)
		if err != nil {
			return nil, fmt.Errorf("argument %d of the probe: %w", i, err)
		}
		argument.put(spec[i*usdtArgumentBytes:])
	}
	binary.LittleEndian.PutUint16(spec[usdtArgumentCountAt:], uint16(len(fields)))
	return spec, nil
}

func (a usdtArgument) put(into []byte) {
	binary.LittleEndian.PutUint64(into, uint64(a.constant))
	binary.LittleEndian.PutUint32(into[8:], a.kind)
	binary.LittleEndian.PutUint16(into[12:], uint16(a.register))
	if a.signed {
		into[14] = 1
	}
	into[15] = byte(64 - 8*a.bytes)
}

// splitArguments divides at spaces, except for those in brackets, which arm64 has.
func splitArguments(arguments string) []string {
	var all []string
	var current strings.Builder
	inside := false
	for _, r := range arguments {
		switch r {
		case '[':
			inside = true
		case ']':
			inside = false
		}
		if r != ' ' || inside {
			current.WriteRune(r)
			continue
		}
		if current.Len() > 0 {
			all = append(all, current.String())
			current.Reset()
		}
	}
	if current.Len() > 0 {
		all = append(all, current.String())
	}
	return all
}

// Ways to write an argument, behind its size.
var (
	amd64Constant = regexp.MustCompile(`^\$(-?\w+)$`)
	amd64Register = regexp.MustCompile(`^%(\w+)$`)
	amd64Memory   = regexp.MustCompile(`^(-?\w*)\(%(\w+)\)$`)
	arm64Constant = regexp.MustCompile(`^(-?\d\w*)$`)
	arm64Register = regexp.MustCompile(`^(x\d+|sp)$`)
	arm64Memory   = regexp.MustCompile(`^\[(x\d+|sp)(?:, *(-?\w+))?\]$`)
)

// parseArgument reads "<size>@<where>"; a negative size is that of a signed value.
func parseArgument(field, architecture string) (usdtArgument, error) {
	size, where, _ := strings.Cut(field, "@")
	n, err := strconv.Atoi(size)
	a := usdtArgument{signed: n < 0, bytes: max(n, -n)}
	if err != nil || a.bytes != 1 && a.bytes != 2 && a.bytes != 4 && a.bytes != 8 {
		return a, fmt.Errorf("%.64q has a size that is not served, such as that of floating-point numbers", field)
	}
	var register, constant string
	switch architecture {
	case "amd64":
		register, constant = a.readAMD64(where)
	case "arm64":
		register, constant = a.readARM64(where)
	default:
		return a, fmt.Errorf("arguments of probes are not read on %s", architecture)
	}
	if register == "" && constant == "" {
		return a, fmt.Errorf("%.64q is in a place that is not served", field)
	}
	if register != "" {
		offset, ok := registerOffset(register, architecture)
		if !ok {
			return a, fmt.Errorf("%.64q is in a register that is not served", field)
		}
		a.register = offset
	}
	if constant == "" {
		return a, nil
	}
	if a.constant, err = strconv.ParseInt(constant, 0, 64); err != nil {
		return a, fmt.Errorf("%.64q has no number where one is wanted", field)
	}
	return a, nil
}

func (a *usdtArgument) readAMD64(where string) (register, constant string) {
	if match := amd64Constant.FindStringSubmatch(where); match != nil {
		a.kind = argumentConstant
		return "", match[1]
	}
	if match := amd64Register.FindStringSubmatch(where); match != nil {
		a.kind = argumentRegister
		return match[1], ""
	}
	if match := amd64Memory.FindStringSubmatch(where); match != nil {
		a.kind = argumentAtRegister
		return match[2], match[1]
	}
	return "", ""
}

func (a *usdtArgument) readARM64(where string) (register, constant string) {
	if match := arm64Constant.FindStringSubmatch(where); match != nil {
		a.kind = argumentConstant
		return "", match[1]
	}
	if match := arm64Register.FindStringSubmatch(where); match != nil {
		a.kind = argumentRegister
		return match[1], ""
	}
	if match := arm64Memory.FindStringSubmatch(where); match != nil {
		a.kind = argumentAtRegister
		return match[1], match[2]
	}
	return "", ""
}

// amd64Registers are those of struct pt_regs in order; orig_rax, cs, eflags and ss hold no arguments.
func amd64Registers() []string {
	return []string{"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "", "rip", "", "", "rsp"}
}

// registerOffset is where a register is in struct pt_regs; parts of one count as the whole, of which they are the end.
func registerOffset(name, architecture string) (int16, bool) {
	if architecture == "arm64" {
		if name == "sp" {
			return arm64StackPointerAt, true
		}
		n, err := strconv.Atoi(strings.TrimPrefix(name, "x"))
		return int16(n * registerBytes), err == nil && n >= 0 && n < arm64RegistersOfUsers
	}
	for i, whole := range amd64Registers() {
		if whole != "" && isPartOf(name, whole) {
			return int16(i * registerBytes), true
		}
	}
	return 0, false
}

// isPartOf knows the names of the lower 8, 16 and 32 bits of a register of amd64.
func isPartOf(name, whole string) bool {
	if name == whole {
		return true
	}
	short := whole[1:]
	switch {
	case short[0] >= '0' && short[0] <= '9':
		return name == whole+"d" || name == whole+"w" || name == whole+"b"
	case strings.HasSuffix(short, "x"):
		return name == "e"+short || name == short || name == short[:1]+"l"
	default:
		return name == "e"+short || name == short || name == short+"l"
	}
}
