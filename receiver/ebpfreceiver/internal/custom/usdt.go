// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Maps that usdt.bpf.h of libbpf declares, and the size of a specification in it.
const (
	usdtSpecsMap      = "__bpf_usdt_specs"
	usdtAddressesMap  = "__bpf_usdt_ip_to_spec_id"
	usdtSpecBytes     = 208
	usdtNoteSection   = ".note.stapsdt"
	usdtBaseSection   = ".stapsdt.base"
	usdtNoteOwner     = "stapsdt\x00"
	usdtNoteType      = 3
	noteHeaderBytes   = 12
	usdtAddressesSize = 24
)

// usdtSite is one place of a probe in a binary.
type usdtSite struct {
	// address is virtual; the others are offsets in the file. semaphore is 0 if there is none.
	address, offset, semaphore uint64
	arguments                  string
}

// attachUSDT attaches a program to all sites of a probe, and says to libbpf's usdt.bpf.h where the arguments are.
// Without the maps of usdt.bpf.h in the object its programs run, and can't read arguments.
func attachUSDT(live *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	sites, fixed, err := findProbe(p.Binary, p.target)
	if err != nil {
		return nil, err
	}
	executable, err := link.OpenExecutable(p.Binary)
	if err != nil {
		return nil, err
	}
	cookies := haveCookies()
	if live.maps[usdtSpecsMap] != nil && !cookies && !fixed {
		return nil, ErrNoCookies
	}
	var all links
	for _, site := range sites {
		number, err := live.describeSite(site, cookies)
		options := &link.UprobeOptions{Address: site.offset, RefCtrOffset: site.semaphore}
		if cookies {
			options.Cookie = uint64(number)
		}
		var l link.Link
		if err == nil {
			l, err = executable.Uprobe(p.target, loaded, options)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("probe %s at offset %#x of %s: %w", p.target, site.offset, p.Binary, err), all.Close())
		}
		all = append(all, l)
	}
	return all, nil
}

// describeSite enters the arguments of a site into the map of usdt.bpf.h, if the object has it.
func (live *Live) describeSite(site usdtSite, cookies bool) (uint32, error) {
	specs := live.maps[usdtSpecsMap]
	if specs == nil {
		return 0, nil
	}
	if specs.ValueSize() != usdtSpecBytes || specs.Type() != ebpf.Array {
		return 0, fmt.Errorf("the map %s is not that of libbpf's usdt.bpf.h: its values have %d bytes, not %d", usdtSpecsMap, specs.ValueSize(), usdtSpecBytes)
	}
	spec, err := usdtSpec(site.arguments, runtime.GOARCH)
	if err != nil {
		return 0, err
	}
	number := live.usdtSpecs
	if number >= specs.MaxEntries() {
		return 0, fmt.Errorf("the map %s has room for %d sites, which are too few: raise BPF_USDT_MAX_SPEC_CNT", usdtSpecsMap, specs.MaxEntries())
	}
	live.usdtSpecs++
	if err := specs.Put(number, spec); err != nil {
		return 0, fmt.Errorf("describe arguments: %w", err)
	}
	addresses := live.maps[usdtAddressesMap]
	if cookies || addresses == nil {
		return number, nil
	}
	// Without cookies a program knows the site by its address.
	if err := addresses.Put(site.address, number); err != nil {
		return 0, fmt.Errorf("describe arguments: %w", err)
	}
	return number, nil
}

// findProbe finds the sites of "<provider>:<name>" in a binary. fixed tells that it runs at the addresses in the file.
func findProbe(path, probe string) (sites []usdtSite, fixed bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, fmt.Errorf("open the binary: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > usdtBinaryBytesMax {
		return nil, false, fmt.Errorf("the binary %s is no regular file of at most %d bytes", path, usdtBinaryBytesMax)
	}
	image, err := elf.NewFile(file)
	if err != nil {
		return nil, false, fmt.Errorf("read the binary %s: %w", path, err)
	}
	sites, known, err := probesOf(image, probe)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("read the probes of %s: %w", path, err)
	case len(sites) == 0:
		return nil, false, fmt.Errorf("the binary %s has no probe %q; it has %s", path, probe, names(known))
	}
	return sites, image.Type == elf.ET_EXEC, nil
}

// probesOf reads the notes that <sys/sdt.h> leaves in a binary. known has the names of all probes, up to a bound.
func probesOf(image *elf.File, probe string) (sites []usdtSite, known map[string]bool, err error) {
	section := image.Section(usdtNoteSection)
	if section == nil {
		return nil, nil, nil
	}
	if section.FileSize > usdtNoteBytesMax || section.Flags&elf.SHF_COMPRESSED != 0 {
		return nil, nil, fmt.Errorf("its notes have %d bytes, and may have %d", section.FileSize, usdtNoteBytesMax)
	}
	notes, err := io.ReadAll(io.LimitReader(section.Open(), usdtNoteBytesMax))
	if err != nil {
		return nil, nil, err
	}
	var base uint64
	if anchor := image.Section(usdtBaseSection); anchor != nil {
		base = anchor.Addr
	}
	known = map[string]bool{}
	for len(notes) > 0 {
		var description []byte
		if description, notes, err = nextNote(notes); err != nil {
			return nil, nil, err
		}
		name, site, ok := parseNote(description, base)
		if !ok {
			continue
		}
		if len(known) < probesMax && len(name) <= nameBytesMax {
			known[name] = true
		}
		if name != probe {
			continue
		}
		if len(sites) == usdtSitesMax {
			return nil, nil, fmt.Errorf("the probe has more than %d sites", usdtSitesMax)
		}
		if err := site.locate(image.Progs); err != nil {
			return nil, nil, err
		}
		sites = append(sites, site)
	}
	return sites, known, nil
}

// nextNote cuts a note off; the description is nil if it is one of another owner.
func nextNote(notes []byte) (description, rest []byte, err error) {
	if len(notes) < noteHeaderBytes {
		return nil, nil, errors.New("a note is cut off")
	}
	nameSize, size := uint64(binary.LittleEndian.Uint32(notes)), uint64(binary.LittleEndian.Uint32(notes[4:]))
	kind := binary.LittleEndian.Uint32(notes[8:])
	notes = notes[noteHeaderBytes:]
	name, ok := slice(notes, 0, nameSize)
	start := round4(nameSize)
	content, inside := slice(notes, start, size)
	if !ok || !inside {
		return nil, nil, errors.New("a note is cut off")
	}
	if string(name) == usdtNoteOwner && kind == usdtNoteType {
		description = content
	}
	return description, notes[min(start+round4(size), uint64(len(notes))):], nil
}

func round4(n uint64) uint64 { return (n + 3) &^ 3 }

// parseNote reads addresses of the site, of a section that tells whether the binary was relocated since, and of the
// semaphore; then provider, name and arguments.
func parseNote(description []byte, base uint64) (name string, site usdtSite, ok bool) {
	if len(description) < usdtAddressesSize {
		return "", site, false
	}
	texts := bytes.SplitN(description[usdtAddressesSize:], []byte{0}, 4)
	if len(texts) < 4 {
		return "", site, false
	}
	site.address = binary.LittleEndian.Uint64(description)
	recorded := binary.LittleEndian.Uint64(description[8:])
	site.semaphore = binary.LittleEndian.Uint64(description[16:])
	if base != 0 {
		site.address += base - recorded
		if site.semaphore != 0 {
			site.semaphore += base - recorded
		}
	}
	site.arguments = string(texts[2])
	return string(texts[0]) + ":" + string(texts[1]), site, true
}

// locate turns addresses into offsets in the file.
func (s *usdtSite) locate(segments []*elf.Prog) error {
	var ok bool
	if s.offset, ok = fileOffset(segments, s.address, elf.PF_X); !ok {
		return fmt.Errorf("the address %#x of a site is in no code", s.address)
	}
	if s.semaphore == 0 {
		return nil
	}
	if s.semaphore, ok = fileOffset(segments, s.semaphore, elf.PF_W); !ok {
		return errors.New("the semaphore of a site is in no data")
	}
	return nil
}

func fileOffset(segments []*elf.Prog, address uint64, flag elf.ProgFlag) (uint64, bool) {
	for _, segment := range segments {
		if segment.Type == elf.PT_LOAD && segment.Flags&flag != 0 && address >= segment.Vaddr && address-segment.Vaddr < segment.Memsz {
			return address - segment.Vaddr + segment.Off, true
		}
	}
	return 0, false
}
