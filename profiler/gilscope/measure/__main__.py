"""The process of a trial. Nothing else is here, for worker processes that are spawned import this module again."""

if __name__ == "__main__":
    from gilscope.measure.child import main

    main()
