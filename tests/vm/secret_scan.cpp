// SPDX-License-Identifier: Apache-2.0
#include "secret_scan.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "codec/base64.h"
#include "codec/hex.h"
#include "support/scan.h"

namespace ct::test {
namespace {

// The characters that the secret alone determines when `before` bytes stand before it.
std::string base64_behind(std::size_t before, std::string_view secret) {
    const std::string all = base64_encode(as_bytes(std::string(before, '\0') + std::string(secret)));
    const std::size_t first = (8 * before + 5) / 6, end = 8 * (before + secret.size()) / 6;
    return all.substr(first, end - first);
}

}  // namespace

void SecretScan::add_form(const std::string& name, const char* form, std::string_view text) {
    forms_.push_back({name, form});
    windows_.add(to_vector(as_bytes(text)));
}

void SecretScan::add(const std::string& name, std::string_view secret) {
    add_form(name, "plain", secret);
    add_form(name, "base64", base64_behind(0, secret));
    add_form(name, "base64 behind one byte", base64_behind(1, secret));
    add_form(name, "base64 behind two bytes", base64_behind(2, secret));
    std::string hex = hex_encode(as_bytes(secret));
    add_form(name, "hexadecimal", hex);
    std::ranges::transform(hex, hex.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    add_form(name, "upper-case hexadecimal", hex);
    add_form(name, "UTF-16", widened(secret, 2));
}

std::vector<SecretScan::Find> SecretScan::search(ByteView bytes) const {
    std::vector<Find> finds;
    windows_.search(bytes, [&](const Windows::Run& run) {
        const auto& [name, form] = forms_[run.needle];
        finds.push_back({name, form, run.offset, run.length, run.at, run.length == windows_.size_of(run.needle)});
    });
    return finds;
}

std::string SecretScan::Find::to_string() const {
    std::ostringstream out;
    out << name << ", " << form << ", "
        << (whole ? "whole" : "bytes " + std::to_string(offset) + " to " + std::to_string(offset + length)) << ", at 0x"
        << std::hex << at;
    return out.str();
}

std::string describe(const std::vector<SecretScan::Find>& finds) {
    std::string out;
    for (const auto& find : finds)
        out += find.to_string() + "\n";
    return out;
}

}  // namespace ct::test
