#include "fault/recorded_disk.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

namespace spimi::testing {

namespace fs = std::filesystem;

RecordedDisk::RecordedDisk(std::string directory) : directory_(std::move(directory)) {
  before_.directories[1] = {};
  std::map<fs::path, Inode> inodes = {{directory_, 1}};
  for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
    const Inode inode = next_inode_++;
    before_.directories[inodes.at(entry.path().parent_path())][entry.path().filename()] = inode;
    if (entry.is_directory()) {
      inodes[entry.path()] = inode;
      before_.directories[inode] = {};
    } else {
      std::ifstream in(entry.path(), std::ios::binary);
      before_.files[inode] = {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
  }
  now_ = before_;
}

bool RecordedDisk::below(const std::string& path, std::string* relative) const {
  if (path == directory_) {
    relative->clear();
    return true;
  }
  if (!path.starts_with(directory_ + "/")) return false;
  *relative = path.substr(directory_.size() + 1);
  return true;
}

// 0 if there is none.
RecordedDisk::Inode RecordedDisk::find(const std::string& relative) const {
  Inode inode = 1;
  for (std::size_t at = 0; at < relative.size();) {
    const std::size_t slash = std::min(relative.find('/', at), relative.size());
    const auto directory = now_.directories.find(inode);
    if (directory == now_.directories.end()) return 0;
    const auto entry = directory->second.find(relative.substr(at, slash - at));
    if (entry == directory->second.end()) return 0;
    inode = entry->second;
    at = slash + 1;
  }
  return inode;
}

void RecordedDisk::split(const std::string& relative, Inode* directory, std::string* name) const {
  const std::size_t slash = relative.rfind('/');
  *directory = slash == std::string::npos ? 1 : find(relative.substr(0, slash));
  *name = slash == std::string::npos ? relative : relative.substr(slash + 1);
}

void RecordedDisk::add(Event event) {
  apply(event, &now_);
  events_.push_back(std::move(event));
}

void RecordedDisk::apply(const Event& event, Disk* disk) {
  switch (event.kind) {
    case EventKind::kLink:
      disk->directories[event.directory][event.name] = event.inode;
      break;
    case EventKind::kUnlink: {
      auto& names = disk->directories[event.directory];
      const auto found = names.find(event.name);
      if (found != names.end() && found->second == event.inode) names.erase(found);
      break;
    }
    case EventKind::kRename: {
      auto& names = disk->directories[event.directory];
      const auto found = names.find(event.name);
      if (found != names.end() && found->second == event.inode) names.erase(found);
      disk->directories[event.to_directory][event.to_name] = event.inode;
      break;
    }
    case EventKind::kWrite: {
      std::string& bytes = disk->files[event.inode];
      if (bytes.size() < event.offset + event.bytes.size()) {
        bytes.resize(event.offset + event.bytes.size());
      }
      std::copy(event.bytes.begin(), event.bytes.end(),
                bytes.begin() + static_cast<std::ptrdiff_t>(event.offset));
      break;
    }
    case EventKind::kResize:
      disk->files[event.inode].resize(event.offset);
      break;
    case EventKind::kSync:
      break;
  }
}

// A file's sync makes its bytes durable, a directory's its names. No more than that is promised.
void RecordedDisk::sync(Inode inode) {
  const std::size_t now = events_.size();
  for (Event& event : events_) {
    if (event.synced_by < now) continue;
    const bool bytes = event.kind == EventKind::kWrite || event.kind == EventKind::kResize;
    // A rename is one change, which either directory brings along.
    if (bytes ? event.inode == inode
              : event.directory == inode ||
                    (event.kind == EventKind::kRename && event.to_directory == inode)) {
      event.synced_by = now;
    }
  }
  Event event{};
  event.kind = EventKind::kSync;
  add(std::move(event));
}

void RecordedDisk::made(const SystemCall& call, std::size_t size) {
  std::string relative;
  if (!below(call.path, &relative)) return;
  Event event{};
  switch (call.kind) {
    case CallKind::kOpen:
      if ((call.flags & O_CREAT) == 0 || find(relative) != 0) return;
      event.kind = EventKind::kLink;
      event.inode = next_inode_++;
      now_.files[event.inode] = {};
      split(relative, &event.directory, &event.name);
      break;
    case CallKind::kMakeDirectory:
      event.kind = EventKind::kLink;
      event.inode = next_inode_++;
      now_.directories[event.inode] = {};
      split(relative, &event.directory, &event.name);
      break;
    case CallKind::kRemove:
      event.kind = EventKind::kUnlink;
      event.inode = find(relative);
      split(relative, &event.directory, &event.name);
      break;
    case CallKind::kRename: {
      event.kind = EventKind::kRename;
      event.inode = find(relative);
      split(relative, &event.directory, &event.name);
      std::string to;
      if (!below(call.to, &to)) throw std::logic_error("a rename leads out: " + call.to);
      split(to, &event.to_directory, &event.to_name);
      break;
    }
    case CallKind::kWrite:
      event.kind = EventKind::kWrite;
      event.inode = find(relative);
      event.offset = call.offset;
      event.bytes.assign(static_cast<const char*>(call.data), size);
      break;
    case CallKind::kTruncate:
      event.kind = EventKind::kResize;
      event.inode = find(relative);
      event.offset = call.offset;
      break;
    case CallKind::kSync:
      sync(find(relative));
      return;
    default:
      return;
  }
  add(std::move(event));
}

std::map<std::string, std::string> RecordedDisk::after(std::size_t num_events, Unsynced unsynced,
                                                       Random& random) const {
  Disk disk = before_;
  std::size_t last = 0;  // that was not synced
  for (std::size_t i = 0; i < num_events; ++i) {
    if (events_[i].kind != EventKind::kSync && events_[i].synced_by >= num_events) last = i;
  }
  for (std::size_t i = 0; i < num_events; ++i) {
    Event event = events_[i];
    const bool bytes = event.kind == EventKind::kWrite || event.kind == EventKind::kResize;
    if (event.synced_by >= num_events) {
      switch (unsynced) {
        case Unsynced::kLost:
          continue;
        case Unsynced::kKept:
          break;
        case Unsynced::kNamesKept:
          if (bytes) continue;
          break;
        case Unsynced::kZeros:
          std::fill(event.bytes.begin(), event.bytes.end(), '\0');
          break;
        case Unsynced::kLastKept:
          if (i != last) continue;
          break;
        case Unsynced::kAtRandom:
          if (random_below(random, 2) == 0) continue;
          if (event.kind == EventKind::kWrite && random_below(random, 2) == 0) {
            event.bytes.resize(random_below(random, event.bytes.size() + 1));
          }
          break;
      }
    }
    apply(event, &disk);
  }
  std::map<std::string, std::string> files;
  const std::function<void(Inode, const std::string&)> collect = [&](Inode inode,
                                                                     const std::string& path) {
    for (const auto& [name, child] : disk.directories[inode]) {
      const bool is_directory = now_.directories.contains(child);
      if (is_directory) {
        collect(child, path + name + "/");
      } else {
        files[path + name] = disk.files[child];
      }
    }
  };
  collect(1, {});
  return files;
}

}  // namespace spimi::testing
