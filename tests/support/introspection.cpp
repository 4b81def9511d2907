// SPDX-License-Identifier: Apache-2.0
#include "support/introspection.h"

#include <algorithm>
#include <map>
#include <optional>

namespace ct::test {
namespace {

struct Tag {
    std::string name;  // "method", "/method"
    std::map<std::string, std::string> attributes;
    bool closes = false;  // <method .../>
};

// Enough of XML for introspection data: tags with quoted attributes; comments and the DOCTYPE are passed over.
std::vector<Tag> tags_of(std::string_view xml) {
    std::vector<Tag> tags;
    for (auto at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at)) {
        if (xml.substr(at).starts_with("<!--")) {
            at = xml.find("-->", at);
            continue;
        }
        const auto end = xml.find('>', at);
        if (end == std::string_view::npos) break;
        std::string_view body = xml.substr(at + 1, end - at - 1);
        at = end;
        if (body.starts_with('!') || body.starts_with('?')) continue;
        Tag tag;
        if (body.ends_with('/')) {
            tag.closes = true;
            body.remove_suffix(1);
        }
        const auto name_end = std::min(body.find_first_of(" \n\t"), body.size());
        tag.name = body.substr(0, name_end);
        body.remove_prefix(name_end);
        for (auto equals = body.find('='); equals != std::string_view::npos; equals = body.find('=')) {
            const auto first = body.find_first_not_of(" \n\t");
            const auto open = body.find('"', equals);
            const auto close = body.find('"', open + 1);
            if (close == std::string_view::npos) break;
            tag.attributes[std::string(body.substr(first, equals - first))] = body.substr(open + 1, close - open - 1);
            body.remove_prefix(close + 1);
        }
        tags.push_back(std::move(tag));
    }
    return tags;
}

class Collector {
public:
    explicit Collector(std::string_view interface) : interface_(interface) {}

    void take(Tag& tag) {
        if (tag.name == "interface") inside_ = tag.attributes["name"] == interface_;
        if (tag.name == "/interface") inside_ = false;
        if (!inside_) return;
        if (tag.name == "method" || tag.name == "signal" || tag.name == "property") {
            member_ = tag;
            in_.clear();
            out_.clear();
            changes_ = "true";
        }
        if (tag.name == "arg" && member_) {
            auto& list = tag.attributes["direction"] == "out" ? out_ : in_;
            list += (list.empty() ? "" : ", ") + tag.attributes["type"] + " " + tag.attributes["name"];
        }
        if (tag.name == "annotation" && member_ &&
            tag.attributes["name"] == "org.freedesktop.DBus.Property.EmitsChangedSignal")
            changes_ = tag.attributes["value"];
        const bool whole = tag.closes && member_ && tag.name == member_->name;
        if (whole || tag.name == "/method" || tag.name == "/signal" || tag.name == "/property") finish();
    }
    std::vector<std::string> lines() {
        std::ranges::sort(lines_);
        return std::move(lines_);
    }

private:
    void finish() {
        if (!member_) return;
        const std::string name = member_->attributes["name"];
        if (member_->name == "method") lines_.push_back("method " + name + "(" + in_ + ") -> (" + out_ + ")");
        if (member_->name == "signal") lines_.push_back("signal " + name + "(" + in_ + ")");
        if (member_->name == "property")
            lines_.push_back("property " + name + " " + member_->attributes["type"] + " " +
                             member_->attributes["access"] + ", changes " + changes_);
        member_.reset();
    }
    std::string interface_;
    bool inside_ = false;
    std::optional<Tag> member_;
    std::string in_, out_, changes_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> interfaces_of(std::string_view xml) {
    std::vector<std::string> names;
    for (auto& tag : tags_of(xml))
        if (tag.name == "interface") names.push_back(tag.attributes["name"]);
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> members_of(std::string_view xml, std::string_view interface) {
    Collector collector(interface);
    for (auto& tag : tags_of(xml))
        collector.take(tag);
    return collector.lines();
}

}  // namespace ct::test
