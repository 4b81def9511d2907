// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/fields.h"

#include <algorithm>

#include "clients/libclient/output.h"
#include "codec/hex.h"
#include "codec/json_text.h"

namespace ct::attest_tool {
namespace {

constexpr std::size_t kMostLabel = 28;

struct Lines {
    std::string& out;
    std::string indent;
    std::string label;

    void write(const std::string& text) const {
        out.append(indent).append(label).append("  ").append(client::printable(text));
        out.resize(out.find_last_not_of(' ') + 1);
        out.push_back('\n');
    }
    void operator()(const std::string& text) const { write(text); }
    void operator()(std::uint64_t number) const { write(std::to_string(number)); }
    void operator()(bool value) const { write(value ? "true" : "false"); }
    void operator()(const Fields& fields) const {
        write({});
        put(fields, indent + "  ");
    }
    void operator()(const std::vector<Fields>& list) const {
        std::size_t index = 0;
        for (const auto& fields : list) {
            out.append(indent).append(label).append(" [").append(std::to_string(index++)).append("]\n");
            put(fields, indent + "  ");
        }
    }
    void put(const Fields& fields, const std::string& deeper) const {
        std::size_t width = 0;
        for (const auto& field : fields)
            width = std::max(width, std::min(field.name.size(), kMostLabel));
        for (const auto& field : fields) {
            std::string name = client::printable(field.name);
            name.resize(std::max(name.size(), width), ' ');
            std::visit(Lines{out, deeper, std::move(name)}, field.value);
        }
    }
};

struct Json {
    std::string operator()(const std::string& text) const { return json::quoted(text); }
    std::string operator()(std::uint64_t number) const { return std::to_string(number); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const Fields& fields) const { return as_json(fields); }
    std::string operator()(const std::vector<Fields>& list) const {
        std::string out = "[";
        for (const auto& fields : list)
            out.append(out.size() == 1 ? "" : ",").append(as_json(fields));
        return out + ']';
    }
};

}  // namespace

std::string hex(ByteView bytes, std::size_t most) {
    if (bytes.size() <= most) return hex_encode(bytes);
    return hex_encode(bytes.first(most)) + "... (" + std::to_string(bytes.size()) + " bytes)";
}

std::string as_lines(const Fields& fields) {
    std::string out;
    Lines{out, {}, {}}.put(fields, {});
    return out;
}

std::string as_json(const Fields& fields) {
    std::string out = "{";
    for (const auto& [name, value] : fields)
        out.append(out.size() == 1 ? "" : ",").append(json::quoted(name)).append(":").append(std::visit(Json{}, value));
    return out + '}';
}

}  // namespace ct::attest_tool
