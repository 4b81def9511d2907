// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/enrolment_files.h"

#include <algorithm>
#include <filesystem>

#include "base/fd.h"

namespace ct::judge {
namespace {

constexpr std::size_t kFileSize = 4UZ << 20;

}  // namespace

Status add_folder(Enrolments& nodes, const std::string& folder, const FindVerifier& find) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<fs::path> paths;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const auto& path = at->path();
        if (path.extension() == ".toml" && !path.filename().native().starts_with('.')) paths.push_back(path);
        if (paths.size() > Enrolments::kNodes)
            return fail(Reason::too_large, folder + ": more than " + std::to_string(Enrolments::kNodes) + " files");
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return fail_errno(Reason::io_failed, folder, error.value());
    std::ranges::sort(paths);
    for (const auto& path : paths) {
        CT_TRY(const auto text, read_file(path, kFileSize));
        CT_TRY(const auto document, config::Document::parse(text, path));
        CT_CHECK(document.root().only({"node"}));
        CT_CHECK(nodes.add(document.root(), find));
    }
    return {};
}

}  // namespace ct::judge
