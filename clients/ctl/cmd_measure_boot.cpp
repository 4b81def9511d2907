// SPDX-License-Identifier: Apache-2.0
// Reference values of what firmware starts: a unified kernel image on a disk, or what QEMU hands over.
#include <fcntl.h>

#include <utility>

#include "attest/measure/boot_log.h"
#include "attest/measure/gpt.h"
#include "attest/measure/qemu_kernel.h"
#include "attest/measure/uki.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/measure_files.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

namespace measure = attest::measure;
using measure::SecureBoot;

constexpr std::uint64_t kMegabyte = 1ULL << 20;
constexpr std::uint64_t kMostMemory = 1ULL << 24;  // MiB: 16 TiB

crypto::Hash bank_of(const std::string& word) { return word == "sha384" ? crypto::Hash::sha384 : crypto::Hash::sha256; }

Result<Bytes> read_partition_table(const std::string& path) {
    const Fd disk(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!disk) return fail_errno(Reason::io_failed, path);
    Bytes head(measure::kDiskHead);
    std::size_t got = 0;
    while (got < head.size()) {
        const ssize_t more = ::pread(disk.get(), head.data() + got, head.size() - got, static_cast<off_t>(got));
        if (more < 0) return fail_errno(Reason::io_failed, path);
        if (more == 0) break;
        got += static_cast<std::size_t>(more);
    }
    auto table = measure::gpt_event(ByteView(head).first(got));
    if (!table) return in_file(path, table.error());
    return table;
}

using Values = std::vector<std::pair<std::string, Bytes>>;  // number of a PCR or RTMR

// One line of a policy's table of PCRs is left open, for who has more of them to say.
std::string pcr_entry(const std::string& index, const Bytes& value) {
    return "\"" + index + "\" = [\"" + hex_encode(value) + "\"]";
}

void tell_json(const char* what, const Values& values, Output& out) {
    out.json().key(what).begin_object();
    for (const auto& [index, value] : values)
        out.json().key(index).string(hex_encode(value));
    out.json().end_object();
}

void tell_pcrs(const std::string& bank, const Values& values, Output& out) {
    out.line("# [workload.NAME.tpm2]");
    if (bank != "sha256") out.line("bank = \"" + bank + "\"");
    std::string all;
    for (const auto& [index, value] : values)
        all += (all.empty() ? "" : ", ") + pcr_entry(index, value);
    out.line("pcrs = { " + all + " }");
    out.json().begin_object().key("kind").string("tpm2").key("bank").string(bank);
    tell_json("pcrs", values, out);
}

void tell_rtmrs(const Values& values, Output& out) {
    out.line("# [workload.NAME.tdx]");
    for (const auto& [index, value] : values)
        out.line("rtmr" + index + " = [\"" + hex_encode(value) + "\"]");
    out.json().begin_object().key("kind").string("tdx");
    tell_json("rtmrs", values, out);
}

// ---- a kernel, or any other image, of QEMU's ----

struct DirectFiles {
    std::string kernel, initrd;
};

Result<Bytes> loaded_kernel(const MeasureDirectOptions& options, const DirectFiles& files) {
    const ByteView kernel = as_bytes(files.kernel);
    if (!measure::has_setup_header(kernel) || options.plain) {
        if (options.memory != 0)
            return fail(Reason::invalid_argument, "--memory has no effect on a kernel that QEMU leaves as it is");
        return to_vector(kernel);
    }
    if (options.memory == 0)
        return fail(Reason::invalid_argument,
                    "QEMU may write into the kernel's header: say --plain where it does not, else --memory");
    if (options.memory > kMostMemory) return fail(Reason::invalid_argument, "--memory is in MiB");
    return measure::with_qemu_header(kernel, files.initrd.size(), options.command_line, options.memory * kMegabyte);
}

Result<Bytes> kernel_options(const MeasureDirectOptions& options, bool with_initrd) {
    if (options.load_options.empty()) {
        if (options.plain && with_initrd)
            return fail(Reason::invalid_argument,
                        "OVMF puts initrd=initrd in front of the command line, or behind it: say --load-options");
        return measure::ovmf_load_options(options.command_line, with_initrd);
    }
    if (!options.command_line.empty())
        return fail(Reason::invalid_argument, "--load-options are the whole command line: leave out --cmdline");
    return measure::load_options(options.load_options);
}

Result<measure::BootLog> direct_log(const MeasureDirectOptions& options, const DirectFiles& files, crypto::Hash bank) {
    CT_TRY(const Bytes kernel, loaded_kernel(options, files));
    CT_TRY(const Bytes words, kernel_options(options, !files.initrd.empty()));
    const auto image = measure::parse_pe(kernel);
    if (!image) return in_file(options.kernel, image.error());
    std::optional<measure::KernelInput> input;
    if (measure::has_setup_header(kernel)) {
        if (!measure::measures_its_input(*image))
            return fail(Reason::unsupported,
                        options.kernel + ": its EFI stub does not measure command line and initrd");
        if (options.tdx && !measure::measures_in_tds(*image))
            return fail(Reason::unsupported,
                        options.kernel + ": its EFI stub measures nothing in a TD (Linux 6.9 does)");
        input = {words, as_bytes(files.initrd)};
    }
    auto images = measure::started_images(*image, SecureBoot::off, bank);
    if (!images) return in_file(options.kernel, images.error());
    return measure::boot_from_qemu(std::move(*images), input, bank);
}

}  // namespace

Result<int> measure_direct(const MeasureDirectOptions& options, Output& out) {
    CT_TRY(const std::string kernel, read_boot_file(options.kernel));
    CT_TRY(const std::string initrd, read_boot_file(options.initrd));
    const bool linux = measure::has_setup_header(as_bytes(kernel));
    CT_TRY(const auto log,
           direct_log(options, {kernel, initrd}, options.tdx ? crypto::Hash::sha384 : bank_of(options.bank)));
    if (options.tdx) {
        Values values = {{"1", log.rtmr(1)}};
        if (linux) values.emplace_back("2", log.rtmr(2));
        tell_rtmrs(values, out);
    } else {
        Values values = {{"4", log.pcr(4)}, {"5", log.pcr(5)}};
        if (linux) values.emplace_back("9", log.pcr(9));
        tell_pcrs(options.bank, values, out);
        if (linux && !initrd.empty() && options.load_options.empty())
            out.line("# PCR 9: of OVMF before edk2-stable202502; else say --load-options");
    }
    not_covered({options.tdx ? "MRTD (measure tdx), RTMR 0, and RTMR 3" : "PCR 0 to 3 and 7: firmware and its settings",
                 "a device with an option ROM that brings a driver: it is in PCR 2 and RTMR 1", "Secure Boot, a shim"},
                out);
    out.json().end_object();
    return 0;
}

namespace {

// ---- a unified kernel image that firmware finds on a disk ----

Result<measure::BootLog> uki_log(const MeasureUkiOptions& options, const measure::PeImage& image, crypto::Hash bank) {
    std::optional<Bytes> gpt;
    if (!options.disk.empty()) {
        CT_TRY(gpt, read_partition_table(options.disk));
    }
    const SecureBoot secure_boot = options.secure_boot ? SecureBoot::on : SecureBoot::off;
    auto images = measure::started_images(image, secure_boot, bank);
    if (!images) return in_file(options.file, images.error());
    return measure::boot_from_disk(std::move(*images), gpt ? std::optional<ByteView>(*gpt) : std::nullopt, bank);
}

Result<int> tell_uki_rtmr(const MeasureUkiOptions& options, const measure::PeImage& image, Output& out) {
    if (options.disk.empty())
        return fail(Reason::invalid_argument, "--tdx needs --disk: the partition table is in RTMR 1, too");
    CT_TRY(const auto log, uki_log(options, image, crypto::Hash::sha384));
    tell_rtmrs({{"1", log.rtmr(1)}}, out);
    not_covered({"MRTD (measure tdx), RTMR 0, RTMR 2 (the stub and what it hands to the kernel), RTMR 3",
                 "a device with an option ROM that brings a driver, a boot loader, an earlier boot option"},
                out);
    out.json().end_object();
    return 0;
}

void tell_phases(const std::vector<measure::UkiPcr11>& phases, Output& out) {
    out.json().key("pcr11").begin_array();
    for (const auto& phase : phases) {
        const bool last = &phase == &phases.back();
        out.line((last ? "    \"" : "    # \"") + hex_encode(phase.value) + "\",  # " +
                 (phase.phase.empty() ? "as the stub leaves it" : phase.phase));
        out.json().begin_object().key("phase").string(phase.phase).key("value").string(hex_encode(phase.value));
        out.json().end_object();
    }
    out.json().end_array();
}

}  // namespace

Result<int> measure_uki(const MeasureUkiOptions& options, Output& out) {
    CT_TRY(const std::string file, read_file(options.file, measure::kMostImage));
    const auto bank = bank_of(options.bank);
    const auto image = measure::parse_pe(as_bytes(file));
    if (!image) return in_file(options.file, image.error());
    if (options.tdx) return tell_uki_rtmr(options, *image, out);
    const auto initrd = options.plain_initrd ? measure::Initrd::other : measure::Initrd::of_systemd;
    const auto phases = measure::uki_pcr11(*image, bank, initrd);
    if (!phases) return in_file(options.file, phases.error());
    Values values;
    const auto log = uki_log(options, *image, bank);
    if (!log && log.error().reason != Reason::unsupported) return std::unexpected(log.error());
    if (log) values.emplace_back("4", log->pcr(4));
    if (log && !options.disk.empty()) values.emplace_back("5", log->pcr(5));

    out.line("# [workload.NAME.tpm2]; the machine's services run in the last phase");
    if (options.bank != "sha256") out.line("bank = \"" + options.bank + "\"");
    std::string line = "pcrs = { ";
    for (const auto& [index, value] : values)
        line += pcr_entry(index, value) + ", ";
    out.line(line + "\"11\" = [");
    out.json().begin_object().key("kind").string("tpm2").key("bank").string(options.bank);
    out.json().key("stub").number(measure::stub_version(*image));
    tell_json("pcrs", values, out);
    tell_phases(*phases, out);
    out.line("] }");
    if (log)
        out.line("# PCR 4: firmware starts this image first, with Secure Boot " +
                 std::string(options.secure_boot ? "on" : "off"));
    else
        out.line("# Not covered: PCR 4: " + log.error().context);
    const std::string loaded = hex_encode(measure::authenticode_digest(*image, bank));
    out.line("# Firmware that starts this image extends PCR 4 with " + loaded);
    out.json().key("image_digest").string(loaded);
    not_covered(
        {"PCR 0 to 3 and 7 (firmware and its settings): take them from a log",
         "PCR 4 and 5 behind a boot loader, or after another boot option; PCR 5 without --disk",
         "PCR 9, 12 and 13: what is handed to the kernel beside the image (credentials, extensions, more words)"},
        out);
    out.json().end_object();
    return 0;
}

}  // namespace ct::ctl
