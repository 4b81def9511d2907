// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/uki.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace ct::attest::measure {
namespace {

struct Rule {
    std::string_view name;
    unsigned since;  // the release of systemd whose stub measures it
};
// In the order in which they are measured, wherever they lie. .pcrsig signs the result and is no part of it.
constexpr std::array<Rule, 10> kMeasured = {{{".linux", 252},
                                             {".osrel", 252},
                                             {".cmdline", 252},
                                             {".initrd", 252},
                                             {".ucode", 256},
                                             {".splash", 252},
                                             {".dtb", 252},
                                             {".uname", 254},
                                             {".sbat", 254},
                                             {".pcrpkey", 252}}};
// The stub takes one of several by what it finds in the machine or what the person at it chose.
constexpr std::array<std::string_view, 4> kChosen = {".profile", ".dtbauto", ".hwids", ".efifw"};
constexpr unsigned kOldest = 252;
constexpr unsigned kUnclear = 253;  // had .uname before the order of the next release was settled
constexpr std::array<std::string_view, 4> kPhases = {"enter-initrd", "leave-initrd", "sysinit", "ready"};
constexpr std::size_t kInitrdPhases = 2;
constexpr std::string_view kMagic = "#### LoaderInfo: systemd-stub ";

// What is behind the file's bytes in memory.
void hash_memory(crypto::Hasher& hasher, const PeSection& section) {
    const std::size_t in_file = std::min<std::size_t>(section.data.size(), section.size);
    hasher.update(section.data.first(in_file));
    const ByteArray<4096> zeros{};
    for (std::size_t left = section.size - in_file; left > 0;) {
        const std::size_t part = std::min(left, zeros.size());
        hasher.update(ByteView(zeros).first(part));
        left -= part;
    }
}

}  // namespace

unsigned stub_version(const PeImage& image) {
    const PeSection* magic = image.find(".sdmagic");
    if (magic == nullptr || !as_text(magic->data).starts_with(kMagic)) return 0;
    const std::string_view text = as_text(magic->data).substr(kMagic.size());
    unsigned version = 0;
    std::from_chars(text.data(), text.data() + std::min<std::size_t>(text.size(), 5), version);
    return version;
}

Result<std::vector<const PeSection*>> measured_sections(const PeImage& image) {
    const unsigned version = stub_version(image);
    if (version < kOldest || version == kUnclear)
        return fail(Reason::unsupported, "no systemd-stub of release 252, 254 or newer in the image");
    for (const auto name : kChosen)
        if (image.find(name) != nullptr)
            return fail(Reason::invalid_argument,
                        "the image has " + std::string(name) + ": what counts depends on more");
    std::vector<const PeSection*> out;
    for (const auto& [name, since] : kMeasured) {
        if (std::ranges::count(image.sections, name, &PeSection::name) > 1)
            return fail(Reason::invalid_argument, "two sections " + std::string(name));
        if (const PeSection* section = image.find(name); section != nullptr && version >= since && section->size > 0) {
            if (section->size > kMostImage) return fail(Reason::too_large, std::string(name));
            out.push_back(section);
        }
    }
    if (out.empty() || out.front()->name != ".linux") return fail(Reason::invalid_argument, "no kernel in the image");
    return out;
}

Result<std::vector<UkiPcr11>> uki_pcr11(const PeImage& image, crypto::Hash bank, Initrd initrd) {
    CT_TRY(const auto sections, measured_sections(image));
    Bytes value(crypto::digest_size(bank));
    const auto extend = [&](const Bytes& digest) { value = crypto::digest(bank, {value, digest}); };
    for (const PeSection* section : sections) {
        const std::string name = std::string(section->name) + '\0';
        extend(crypto::digest(bank, {as_bytes(name)}));
        crypto::Hasher hasher(bank);
        hash_memory(hasher, *section);
        extend(hasher.finish());
    }
    std::vector<UkiPcr11> out = {{"", value}};
    for (const auto phase : std::span(kPhases).subspan(initrd == Initrd::other ? kInitrdPhases : 0)) {
        extend(crypto::digest(bank, {as_bytes(phase)}));
        const std::string before = out.back().phase;
        out.push_back({before.empty() ? std::string(phase) : before + ":" + std::string(phase), value});
    }
    return out;
}

}  // namespace ct::attest::measure
