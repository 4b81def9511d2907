// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/snp_launch.h"

#include <algorithm>
#include <array>

#include "crypto/digest.h"

namespace ct::attest::measure {
namespace {

using Digest = ByteArray<48>;
using Guid = ByteArray<16>;

constexpr std::uint32_t kResetVector = 0xfffffff0;
constexpr std::uint64_t kVmsaGpa = 0xfffffffff000;  // -1, as a page number of 52 bits of address

void put(MutableBytes page, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        page[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
}

enum class PageType : std::uint8_t { normal = 1, vmsa = 2, zero = 3, unmeasured = 4, secrets = 5, cpuid = 6 };

// Each page that is loaded is folded into the digest by a PAGE_INFO.
class Context {
public:
    void page(PageType type, std::uint64_t gpa, const Digest& contents = {}) {
        ByteArray<0x70> info{};
        std::ranges::copy(digest_, info.begin());
        std::ranges::copy(contents, info.begin() + 48);
        put(info, 96, info.size(), 2);
        put(info, 98, static_cast<std::uint8_t>(type), 1);
        put(info, 104, gpa, 8);
        digest_ = sha384(info);
    }
    void content(PageType type, std::uint64_t gpa, ByteView bytes) {
        for (std::size_t at = 0; at < bytes.size(); at += kPage)
            page(type, gpa + at, sha384(bytes.subspan(at, kPage)));
    }
    void empty(PageType type, std::uint64_t gpa, std::uint64_t size) {
        for (std::uint64_t at = 0; at < size; at += kPage)
            page(type, gpa + at);
    }
    [[nodiscard]] const Digest& digest() const { return digest_; }

private:
    static Digest sha384(ByteView bytes) {
        const Bytes digest = crypto::digest(crypto::Hash::sha384, {bytes});
        Digest out;
        std::ranges::copy(digest, out.begin());
        return out;
    }
    Digest digest_{};
};

// ---- hashes of a direct boot (QEMU target/i386/sev.c) ----------------------------------------------------------------

constexpr Guid kTable = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
                         0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};  // 9438d606-4f22-4cc9-b479-a793d411fd21
constexpr Guid kCommandLine = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
                               0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};  // 97d02dd8-bd20-4c94-aa78-e7714d36ab2a
constexpr Guid kInitrd = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
                          0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};  // 44baf731-3a2f-4bd7-9af1-41e29169781d
constexpr Guid kKernel = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
                          0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};  // 4de79437-abd2-427f-b835-d5b172d2045b
constexpr std::size_t kHead = sizeof(Guid) + 2, kHash = kHead + 32, kHashes = kHead + 3 * kHash;

// The page with GUID, u16 size and, thrice, GUID, u16 size, SHA-256.
Bytes hash_page(const DirectBoot& boot, std::size_t offset) {
    Bytes page(kPage);
    const auto head = [&](std::size_t at, const Guid& guid, std::size_t size) {
        std::ranges::copy(guid, page.begin() + static_cast<std::ptrdiff_t>(at));
        put(page, at + sizeof(Guid), size, 2);
    };
    head(offset, kTable, kHashes);
    std::size_t at = offset + kHead;
    const auto hash = [&](const Guid& guid, const Bytes& digest) {
        head(at, guid, kHash);
        std::ranges::copy(digest, page.begin() + static_cast<std::ptrdiff_t>(at + kHead));
        at += kHash;
    };
    const std::uint8_t end = 0;
    hash(kCommandLine, crypto::digest(crypto::Hash::sha256, {as_bytes(boot.command_line), {&end, 1}}));
    hash(kInitrd, crypto::digest(crypto::Hash::sha256, {boot.initrd}));
    hash(kKernel, crypto::digest(crypto::Hash::sha256, {boot.kernel}));
    return page;
}

Status add_section(const SnpLaunch& launch, const SevSection& section, Context& context) {
    using Type = SevSection::Type;
    switch (section.type) {
        case Type::memory:
            context.empty(launch.hypervisor == Hypervisor::gce ? PageType::unmeasured : PageType::zero, section.gpa,
                          section.size);
            return {};
        case Type::svsm_caa:
            context.empty(PageType::zero, section.gpa, section.size);
            return {};
        case Type::secrets:
            context.page(PageType::secrets, section.gpa);
            return {};
        case Type::cpuid:
            if (launch.hypervisor != Hypervisor::ec2) context.page(PageType::cpuid, section.gpa);
            return {};
        case Type::kernel_hashes:
            break;
    }
    if (!launch.direct_boot) {
        context.page(PageType::zero, section.gpa);
        return {};
    }
    const auto table = launch.firmware.hash_table_gpa;
    if (!table || *table / kPage != section.gpa / kPage || *table % kPage + kHashes > kPage)
        return fail(Reason::invalid_argument, "firmware: no place for the hashes of a kernel");
    context.content(PageType::normal, section.gpa, hash_page(*launch.direct_boot, *table % kPage));
    return {};
}

bool has(const Firmware& firmware, SevSection::Type type) {
    return std::ranges::find(firmware.sev, type, &SevSection::type) != firmware.sev.end();
}

}  // namespace

std::optional<Hypervisor> hypervisor_from(std::string_view word) {
    if (word == "qemu") return Hypervisor::qemu;
    if (word == "ec2") return Hypervisor::ec2;
    if (word == "gce") return Hypervisor::gce;
    return std::nullopt;
}

std::optional<std::uint32_t> cpu_signature(std::string_view model) {
    // A model's versions ("-v2") and variants differ in features, not in what CPUID calls them.
    if (const auto at = model.rfind("-v");
        at != std::string_view::npos && model.size() == at + 3 && model[at + 2] >= '1' && model[at + 2] <= '9')
        model = model.substr(0, at);
    constexpr std::array<std::pair<std::string_view, std::uint32_t>, 6> kModels = {{
        {"EPYC", 0x800f12},        // family 17h model 01h stepping 2
        {"EPYC-IBPB", 0x800f12},   //
        {"EPYC-Rome", 0x830f10},   // 17h 31h 0
        {"EPYC-Milan", 0xa00f11},  // 19h 01h 1
        {"EPYC-Genoa", 0xa10f10},  // 19h 11h 0
        {"EPYC-Turin", 0xb00f00},  // 1Ah 00h 0
    }};
    const auto at = std::ranges::find(kModels, model, &std::pair<std::string_view, std::uint32_t>::first);
    return at == kModels.end() ? std::nullopt : std::optional(at->second);
}

Bytes initial_vmsa(const SnpLaunch& launch, std::uint32_t start) {
    const bool qemu = launch.hypervisor == Hypervisor::qemu, ec2 = launch.hypervisor == Hypervisor::ec2;
    Bytes page(kPage);
    const auto segment = [&](std::size_t at, std::uint16_t selector, std::uint16_t attributes, std::uint64_t base) {
        put(page, at, selector, 2);
        put(page, at + 2, attributes, 2);
        put(page, at + 4, 0xffff, 4);
        put(page, at + 8, base, 8);
    };
    segment(0x00, 0, 0x93, 0);                                                              // ES
    segment(0x10, 0xf000, ec2 && start == kResetVector ? 0x9a : 0x9b, start & 0xffff0000);  // CS
    segment(0x20, 0, ec2 ? 0x92 : 0x93, 0);                                                 // SS
    segment(0x30, 0, 0x93, 0);                                                              // DS
    segment(0x40, 0, 0x93, 0);                                                              // FS
    segment(0x50, 0, 0x93, 0);                                                              // GS
    segment(0x60, 0, 0, 0);                                                                 // GDTR
    segment(0x70, 0, 0x82, 0);                                                              // LDTR
    segment(0x80, 0, 0, 0);                                                                 // IDTR
    segment(0x90, 0, ec2 ? 0x83 : 0x8b, 0);                                                 // TR
    put(page, 0x0d0, 0x1000, 8);                                                            // EFER.SVME
    put(page, 0x148, 0x40, 8);                                                              // CR4.MCE
    put(page, 0x158, 0x10, 8);                                                              // CR0.ET
    put(page, 0x160, 0x400, 8);                                                             // DR7
    put(page, 0x168, 0xffff0ff0, 8);                                                        // DR6
    put(page, 0x170, 0x2, 8);                                                               // RFLAGS
    put(page, 0x178, start & 0xffff, 8);                                                    // RIP
    put(page, 0x268, launch.hypervisor == Hypervisor::gce ? 0x70106 : 0x7040600070406, 8);  // G_PAT
    put(page, 0x310, qemu ? launch.cpu_signature : 0x600, 8);                               // RDX
    put(page, 0x3b0, launch.features, 8);                                                   // SEV_FEATURES
    put(page, 0x3e8, 0x1, 8);                                                               // XCR0
    put(page, 0x408, qemu ? 0x1f80 : 0, 4);                                                 // MXCSR
    put(page, 0x410, qemu ? 0x37f : 0, 2);                                                  // FCW
    return page;
}

Result<ByteArray<48>> snp_launch_digest(const SnpLaunch& launch) {
    const Firmware& firmware = launch.firmware;
    if (firmware.sev.empty()) return fail(Reason::invalid_argument, "firmware: it has no SEV metadata");
    if (launch.direct_boot && !has(firmware, SevSection::Type::kernel_hashes))
        return fail(Reason::invalid_argument, "firmware: it has no section for the hashes of a kernel");
    if (launch.processors == 0 || launch.processors > kMostProcessors)
        return fail(Reason::invalid_argument, "1 to " + std::to_string(kMostProcessors) + " processors");
    if (launch.processors > 1 && !firmware.reset_eip)
        return fail(Reason::invalid_argument, "firmware: it does not say where other processors start");
    Context context;
    context.content(PageType::normal, firmware.gpa(), firmware.image);
    for (const auto& section : firmware.sev)
        CT_CHECK(add_section(launch, section, context));
    if (launch.hypervisor == Hypervisor::ec2)  // which loads these pages last
        for (const auto& section : firmware.sev)
            if (section.type == SevSection::Type::cpuid) context.page(PageType::cpuid, section.gpa);
    context.content(PageType::vmsa, kVmsaGpa, initial_vmsa(launch, kResetVector));
    if (launch.processors > 1) {
        const Bytes other = initial_vmsa(launch, *firmware.reset_eip);
        for (unsigned i = 1; i < launch.processors; ++i)
            context.content(PageType::vmsa, kVmsaGpa, other);
    }
    return context.digest();
}

}  // namespace ct::attest::measure
