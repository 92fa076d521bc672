//! The places where something can be refused.

macro_rules! sites {
    ($($variant:ident = $word:literal;)*) => {
        /// A system call or a request. The same call at several places may be one site, passed several times.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Site { $(#[doc = concat!("`", $word, "`")] $variant,)* }

        impl Site {
            /// The word by which tests know it: where it is, and what is done there.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

sites! {
    // The directory of a lab.
    LookAtDir = "run-dir.look";
    MakeRunDir = "run-dir.make";
    MakeLabDir = "lab.make-dir";
    OpenLock = "lab.open-lock";
    Lock = "lab.lock";
    ReadRecord = "lab.read-record";
    OpenRecord = "lab.open-record";
    WriteRecord = "lab.write-record";
    SyncRecord = "lab.sync-record";
    RenameRecord = "lab.rename-record";
    ReadLabDir = "lab.read-dir";
    RemoveLabFile = "lab.remove-file";
    RemoveLock = "lab.remove-lock";
    RemoveLabDir = "lab.remove-dir";
    // The holder, from outside.
    SpawnHolder = "holder.spawn";
    ReadHolder = "holder.read";
    WaitHolder = "holder.wait";
    OpenHolder = "holder.open";
    ReleaseHolder = "holder.release";
    KillHolder = "holder.kill";
    // Its namespaces, from inside.
    Pipe = "sandbox.pipe";
    Fork = "sandbox.fork";
    UnshareUser = "sandbox.unshare-user";
    MapIds = "sandbox.map-ids";
    Unshare = "sandbox.unshare";
    PrivateMounts = "sandbox.private-mounts";
    LayRun = "sandbox.lay-run";
    LayEtc = "sandbox.lay-etc";
    WriteEtc = "sandbox.write-etc";
    HideAnswering = "sandbox.hide-answering";
    Loopback = "sandbox.loopback";
    ReportReady = "sandbox.report";
    Join = "sandbox.join";
    // The namespaces of nodes.
    PrepareDir = "netns.prepare-dir";
    ShareDir = "netns.share-dir";
    ListNamespaces = "netns.list";
    OpenNamespace = "netns.open";
    EnterNamespace = "netns.enter";
    MakeNamespaceFile = "netns.make-file";
    MakeNamespace = "netns.unshare";
    BindNamespace = "netns.bind";
    UnbindNamespace = "netns.unbind";
    RemoveNamespaceFile = "netns.remove-file";
    // Looking at them.
    Observe = "observe.enter";
    Settle = "settle.enter";
    // Exchanges as a whole, and requests by their kinds.
    OpenNetlink = "netlink.open";
    Send = "netlink.send";
    Receive = "netlink.receive";
    AddLink = "netlink.new-link";
    DeleteLink = "netlink.del-link";
    SetLink = "netlink.set-link";
    GetLink = "netlink.get-link";
    AddAddress = "netlink.new-addr";
    DeleteAddress = "netlink.del-addr";
    GetAddress = "netlink.get-addr";
    AddRoute = "netlink.new-route";
    DeleteRoute = "netlink.del-route";
    GetRoute = "netlink.get-route";
    AddNeighbour = "netlink.new-neigh";
    DeleteNeighbour = "netlink.del-neigh";
    GetNeighbour = "netlink.get-neigh";
    GetNamespaceId = "netlink.get-nsid";
    Request = "netlink.request";
    // Files in a lab.
    MakeDirs = "files.make-dirs";
    ReadMark = "mark.read";
    WriteMark = "mark.write";
    RenameMark = "mark.rename";
    RemoveMark = "mark.remove";
    MakeNodeDir = "files.make-dir";
    MakeFile = "files.make";
    OpenFile = "files.open";
    ReadFile = "files.read";
    WriteFile = "files.write";
    CutFile = "files.cut";
    RemoveNodeDir = "files.remove-dir";
    ReadNames = "names.read";
    WriteNames = "names.write";
    RenameNames = "names.rename";
    RemoveNames = "names.remove";
    // Settings.
    OpenSysctl = "sysctl.open";
    ReadSysctl = "sysctl.read";
    WriteSysctl = "sysctl.write";
    // The keeper, from outside and from inside.
    SpawnKeeper = "keeper.spawn";
    ConnectKeeper = "keeper.connect";
    AskKeeper = "keeper.ask";
    LockKeeper = "keeper.lock";
    BindKeeper = "keeper.bind";
    WatchNames = "keeper.watch";
    LoadNames = "keeper.load";
    SpawnServer = "keeper.spawn-server";
    HearServer = "keeper.hear";
    OrderServer = "keeper.order";
    OpenListener = "keeper.listen";
    MemoryFile = "keeper.memory-file";
}
